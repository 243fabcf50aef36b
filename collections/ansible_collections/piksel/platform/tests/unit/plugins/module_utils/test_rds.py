# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An instance of RDS as attributes and back, and what is refused."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import rds_instance, rds_request
from ansible_collections.piksel.platform.plugins.module_utils.compare import Change

DESCRIBED = {
    "DBInstanceArn": "arn",
    "DBInstanceStatus": "available",
    "AllocatedStorage": 50,
    "EngineVersion": "16.8",
    "EnabledCloudwatchLogsExports": ["upgrade"],
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
}


@pytest.mark.parametrize(
    ("wanted", "version", "fits"),
    [
        ("16", "16.10", True),
        ("16.1", "16.10", False),
        ("16.10", "16.10", True),
        ("17", "16.10", False),
        ("1", "16.1", False),
    ],
)
def test_a_major_is_satisfied_by_its_minors(wanted, version, fits):
    assert rds_request.satisfies(wanted, version) is fits


def test_no_autoscaling_is_said_by_leaving_the_ceiling_out():
    wanted = {"allocated_storage": 50, "max_allocated_storage": 50, "parameters_status": "in-sync", "kms_key_id": None}
    request = rds_request.creation("db", wanted, "dummy", [])
    assert request == {"DBInstanceIdentifier": "db", "AllocatedStorage": 50, "MasterUserPassword": "dummy", "Tags": []}
    assert rds_request.flat(DESCRIBED)["max_allocated_storage"] == 50


def test_values_under_way_are_told_apart():
    exports = {"LogTypesToEnable": ["postgresql"], "LogTypesToDisable": ["upgrade"]}
    pending = {"EngineVersion": "16.10", "PendingCloudwatchLogsExports": exports, "MasterUserPassword": "****"}
    found = rds_request.flat({**DESCRIBED, "PendingModifiedValues": pending})
    assert found["engine_version"] == "16.8"
    assert found["pending"] == {"engine_version": "16.10", "log_exports": ["postgresql"]}


def test_a_modification_says_what_changes_only():
    found = rds_request.flat(DESCRIBED)
    changes = [
        Change("port", 5432, 5433),
        Change("log_exports", ["upgrade"], ["postgresql"]),
        Change("tags.a", None, "b"),
    ]
    assert rds_request.modification("db", found, changes, immediately=False) == {
        "DBInstanceIdentifier": "db",
        "DBPortNumber": 5433,
        "CloudwatchLogsExportConfiguration": {"EnableLogTypes": ["postgresql"], "DisableLogTypes": ["upgrade"]},
        "ApplyImmediately": False,
    }
    assert (
        rds_request.modification(
            "db", found, [Change("parameters_status", "pending-reboot", "in-sync")], immediately=True
        )
        == {}
    )


def test_another_major_needs_its_flag():
    request = rds_request.modification("db", {}, [Change("engine_version", "16.8", "17")], immediately=True)
    assert request["AllowMajorVersionUpgrade"] is True
    request = rds_request.modification("db", {}, [Change("engine_version", "16.8", "16.10")], immediately=True)
    assert "AllowMajorVersionUpgrade" not in request


@pytest.mark.parametrize(
    ("refusal", "before", "after", "words"),
    [
        (rds_instance.version_refusal, "16.10", "16.8", "makes no engine older"),
        (rds_instance.version_refusal, "17.2", "16", "makes no engine older"),
        (rds_instance.version_refusal, "16.8", "17", None),
        (rds_instance.storage_refusal, 50, 20, "makes no storage smaller"),
        (rds_instance.storage_refusal, 50, 70, None),
    ],
)
def test_no_way_back(refusal, before, after, words):
    answer = refusal(before, after)
    assert (answer is None) if words is None else (words in answer[0])
