# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the hub's registry lets an account pull."""

from __future__ import annotations

import types

import pytest
from ansible_collections.piksel.platform.plugins.module_utils.preflight_registry import registry
from botocore.exceptions import ClientError

HUB = "686410905891"


def clients(answers: dict[str, str]) -> types.SimpleNamespace:
    """Clients whose registry answers for each repository with an error of this code."""

    def get_download_url_for_layer(**asked):
        assert asked["registryId"] == HUB
        raise ClientError(
            {"Error": {"Code": answers[asked["repositoryName"]], "Message": "so"}}, "GetDownloadUrlForLayer"
        )

    ecr = types.SimpleNamespace(get_download_url_for_layer=get_download_url_for_layer)
    return types.SimpleNamespace(
        account_id="1", known_account_id="1", region="r", profile=None, client=lambda _service: ecr
    )


@pytest.mark.requirement("ECR-01", "ECR-03")
def test_a_missing_layer_says_that_a_pull_is_allowed() -> None:
    report = registry(clients({"a": "LayersNotFoundException", "b": "LayerInaccessibleException"}), wanted("a", "b"))
    assert (report.facts["registry"], report.warnings, report.findings) == ({"a": True, "b": True}, [], [])


def wanted(*names: str) -> dict:
    """The option with these repositories."""
    return {"account_id": HUB, "repositories": list(names)}


@pytest.mark.requirement("ECR-03")
def test_the_account_that_policies_do_not_name_is_named_once() -> None:
    answers = {"a": "AccessDeniedException", "b": "AccessDeniedException", "c": "LayersNotFoundException"}
    report = registry(clients(answers), wanted("c", "b", "a"))
    assert report.facts["registry"] == {"a": False, "b": False, "c": True}
    told = "it does not let account 1 pull from a, b: their repository policies have to name it."
    assert report.warnings == [f"registry of account {HUB}: {told}"]
    assert report.findings == []


def test_what_cannot_be_tried_is_told_by_repository() -> None:
    report = registry(clients({"a": "RepositoryNotFoundException", "b": "ServerException"}), wanted("a", "b"))
    assert len(report.warnings) == 2
    assert "repository a: a pull cannot be tried (RepositoryNotFoundException: so)" in report.warnings[0]


def test_without_a_registry_nobody_is_asked() -> None:
    for nothing in ({}, {"account_id": None, "repositories": ["a"]}, {"account_id": HUB, "repositories": []}):
        report = registry(clients({}), nothing)
        assert (report.facts, report.warnings) == ({"registry": {}}, [])
