# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudWatch log groups: retention, encryption, tags."""

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.module_utils import arguments, errors, tagging
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

LOG_GROUP_OPTIONS = {
    "name": {"type": "str", "required": True},
    "retention_in_days": {"type": "int"},
    "kms_key_id": {"type": "str"},
    "tags": {"type": "dict", "default": {}},
}


class LogGroup(Resource):
    """A log group. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html

    Retention 0 means for ever, kms_key_id "" the service's own encryption.
    """

    kind = "log_group"
    exists_codes = ("ResourceAlreadyExistsException",)
    attributes = (
        Attribute("retention_in_days", default=0),
        Attribute("kms_key_id", default=""),
        tagging.TAGS,
    )

    def __init__(self, clients, scope, key, name, wanted):
        super().__init__(clients, scope, key, name, wanted)
        self.logs = clients.client("logs")

    @property
    def arn(self):
        """Known before the group exists."""
        clients = self.clients
        return f"arn:{clients.partition}:logs:{clients.region}:{clients.account_id}:log-group:{self.name}"

    def read(self):
        """DescribeLogGroups by prefix and ListTagsForResource."""
        pages = self.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=self.name)
        group = next((item for page in pages for item in page["logGroups"] if item["logGroupName"] == self.name), None)
        if group is None:
            return None
        return {
            "retention_in_days": group.get("retentionInDays", 0),
            "kms_key_id": group.get("kmsKeyId", ""),
            "tags": self.logs.list_tags_for_resource(resourceArn=self.arn)["tags"],
        }

    def create(self):
        """CreateLogGroup; retention is put afterwards."""
        key = self.wanted.get("kms_key_id")
        self.logs.create_log_group(
            logGroupName=self.name, tags=self.wanted["tags"], **({"kmsKeyId": key} if key else {})
        )
        return {"retention_in_days": 0, "kms_key_id": key or "", "tags": self.wanted["tags"]}

    def update(self, _found, changes):
        """One call per attribute that differs."""
        if tagging.touches(changes, "retention_in_days"):
            days = self.wanted["retention_in_days"]
            if days:
                self.logs.put_retention_policy(logGroupName=self.name, retentionInDays=days)
            else:
                self.logs.delete_retention_policy(logGroupName=self.name)
        if tagging.touches(changes, "kms_key_id"):
            key = self.wanted["kms_key_id"]
            if key:
                self.logs.associate_kms_key(logGroupName=self.name, kmsKeyId=key)
            else:
                self.logs.disassociate_kms_key(logGroupName=self.name)
        tags = tagging.wanted(changes)
        if tags:
            self.logs.tag_resource(resourceArn=self.arn, tags=tags)

    def delete(self, _found):
        """DeleteLogGroup, with everything that was logged."""
        with errors.gone("ResourceNotFoundException"):
            self.logs.delete_log_group(logGroupName=self.name)

    def facts(self, _found):
        """Name and ARN; both are known before the group exists."""
        return {"name": self.name, "arn": self.arn}


def run_log_groups(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of log groups; result of reconcile, resources: key -> {"name", "arn"}."""
    wanted = arguments.entries("log_groups", params["log_groups"], LOG_GROUP_OPTIONS)
    groups = [_group(clients, params, key, entry) for key, entry in wanted.items()]
    return reconcile(
        groups,
        check_mode,
        consent=params["consent"],
        orphans=lambda: _unwanted(clients, params["scope"], {group.name for group in groups}),
        progress=progress,
    )


def _group(clients, params, key, entry):
    wanted = {
        "retention_in_days": entry["retention_in_days"],
        "kms_key_id": entry["kms_key_id"],
        "tags": arguments.tags(LogGroup.kind, params, key, entry),
    }
    return LogGroup(clients, params["scope"], key, entry["name"], wanted)


def _unwanted(clients, scope, names):
    """Groups marked for this scope whose name nobody wants any more."""
    with errors.told("log groups marked as ours", clients):
        found = tagging.marked(clients, LogGroup.kind, scope, "logs")
    named = {arn.split(":log-group:", 1)[1].removesuffix(":*"): key for arn, key in found.items()}
    return [LogGroup(clients, scope, key, name, {}) for name, key in named.items() if name not in names]
