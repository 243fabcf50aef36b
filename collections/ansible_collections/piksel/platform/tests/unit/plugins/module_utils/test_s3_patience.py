# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What S3 refuses for a while only is repeated; what it refuses for good is told with what to do."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import s3, s3_forms, s3_patience
from ansible_collections.piksel.platform.plugins.module_utils.compare import Change
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from botocore.exceptions import ClientError

LIFTED = Change("public_access_block.block_public_policy", True, False)
POLICY = Change("policy", {}, {"Statement": []})
OPEN = {"public_access_block": dict.fromkeys(s3_forms.FLAGS, False), "policy": {"Statement": []}}


class Service:
    """S3 that notes its calls, and clients that reach it; ``refusals``: operation -> codes that it says first."""

    account_id = known_account_id = "123456789012"
    region, profile = "ap-southeast-3", None

    def __init__(self, **refusals):
        self.refusals, self.calls = refusals, []

    def client(self, _service):
        """It stands for both."""
        return self

    def __getattr__(self, operation):
        def call(**how):
            self.calls.append(operation)
            codes = self.refusals.get(operation, [])
            if codes:
                raise ClientError({"Error": {"Code": codes.pop(0), "Message": ""}}, operation)
            return how

        return call


def bucket(service, **wanted):
    """A bucket of ours."""
    return s3.Bucket(service, "scope", "a", "a-bucket", {"ownership": "BucketOwnerEnforced", "tags": {}, **wanted})


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Pauses pass at once."""
    now = [0.0]
    monkeypatch.setattr(s3_patience.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(s3_patience.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))


def test_a_name_that_s3_is_at_work_on_is_waited_for():
    service = Service(create_bucket=["OperationAborted"] * 3)
    assert bucket(service).create()["ownership"] == "BucketOwnerEnforced"
    assert service.calls == ["create_bucket"] * 4


def test_a_name_that_stays_busy_is_told_with_what_to_do():
    with pytest.raises(PlatformError, match="run again in an hour"):
        bucket(Service(create_bucket=["OperationAborted"] * 100)).create()


def test_a_block_that_was_lifted_just_now_may_refuse_the_policy_for_a_while():
    service = Service(put_bucket_policy=["AccessDenied"] * 5)
    bucket(service, **OPEN).update({"policy": {}}, [LIFTED, POLICY])
    assert service.calls == ["put_public_access_block"] + ["put_bucket_policy"] * 6


def test_a_policy_that_stays_refused_is_told_and_one_without_lifted_block_at_once():
    for changes, calls in (([LIFTED, POLICY], 2), ([POLICY], 1)):
        service = Service(put_bucket_policy=["AccessDenied"] * 100)
        with pytest.raises(PlatformError, match="Block Public Access of the account"):
            bucket(service, **OPEN).update({"policy": {}}, changes)
        assert (len(service.calls) > calls) == (LIFTED in changes)
