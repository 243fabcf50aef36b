# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import errors
from ansible_collections.piksel.platform.plugins.module_utils.errors import FindingsError, PlatformError
from botocore import exceptions


class Access:
    """What errors ask of clients."""

    profile = "dev-piksel"
    region = "ap-southeast-3"
    known_account_id = "123456789012"


def told(error):
    """The message that an error inside the block ends in."""
    with pytest.raises(PlatformError) as caught, errors.told("iam_role x", Access()):
        raise error
    return str(caught.value)


def service_error(code, message="the service's words"):
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"Service": "iam"}}
    return exceptions.ClientError(answer, "CreateRole")


def test_what_is_gone_already_is_passed_over_and_nothing_else():
    with errors.gone("NoSuchEntity"):
        raise service_error("NoSuchEntity")
    with pytest.raises(exceptions.ClientError, match="DeleteConflict"), errors.gone("NoSuchEntity"):
        raise service_error("DeleteConflict")


def test_a_service_error_names_call_object_account_and_region():
    assert told(service_error("LimitExceeded")) == (
        "iam:CreateRole on iam_role x (account 123456789012, region ap-southeast-3):"
        " LimitExceeded: the service's words."
    )


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (service_error("ExpiredToken"), "sign in again (aws sso login --profile dev-piksel)"),
        (service_error("InvalidClientTokenId"), "AWS does not know these credentials: check profile dev-piksel"),
        (service_error("AccessDenied"), "lacks this permission"),
        (exceptions.ProfileNotFound(profile="x"), "Name a profile of the AWS config file"),
        (exceptions.NoCredentialsError(), "Give a profile"),
        (exceptions.UnauthorizedSSOTokenError(), "Sign in again"),
        (exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "piksel-sandbox up"),
        (exceptions.ConnectTimeoutError(endpoint_url="http://127.0.0.1:1"), "Nothing answers there"),
        (exceptions.SSLError(endpoint_url="https://x", error="self signed"), "CA bundle"),
        (exceptions.ParamValidationError(report="name: wrong"), "check the inputs"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_trouble_with_access_has_its_advice(error, advice):
    message = told(error)
    assert advice in message
    assert "\n" not in message


def test_other_errors_pass():
    with pytest.raises(KeyError), errors.told("x", Access()):
        raise KeyError("a bug")


def test_findings_are_told_at_once_and_each_once():
    with pytest.raises(FindingsError) as caught:
        errors.combined([PlatformError("a"), PlatformError("b"), PlatformError("a")])
    assert str(caught.value) == "2 findings:\n- a.\n- b."


def test_a_single_finding_is_itself_and_none_is_nothing():
    finding = PlatformError("a", advice="Do b.")
    with pytest.raises(PlatformError) as caught:
        errors.combined([finding, PlatformError("a", advice="Do b.")])
    assert caught.value is finding
    assert str(finding) == "a. Do b."
    errors.combined([])
