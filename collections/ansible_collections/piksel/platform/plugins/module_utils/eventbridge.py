# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EventBridge rules of the default bus: pattern, state, targets, tags."""

from __future__ import annotations

import json

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.piksel.platform.plugins.module_utils import arguments, compare, errors, tagging
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

RULE_OPTIONS = {
    "name": {"type": "str", "required": True},
    "description": {"type": "str"},
    "event_pattern": {"type": "raw", "required": True},
    "state": {"type": "str", "choices": ["ENABLED", "DISABLED"]},
    "targets": {"type": "dict", "default": {}},
    "tags": {"type": "dict", "default": {}},
}
_SETTINGS = {"description": "Description", "state": "State", "role_arn": "RoleArn"}


class Rule(Resource):
    """A rule of the default event bus. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html

    PutRule makes or changes, so it may come twice. Targets are a map from id to ARN; those of others stay.
    """

    kind = "eventbridge_rule"
    attributes = (
        Attribute("event_pattern"),
        Attribute("description", default=""),
        Attribute("state", default="ENABLED"),
        Attribute("targets", form="map"),
        tagging.TAGS,
    )

    def __init__(self, clients, scope, key, name, wanted):
        super().__init__(clients, scope, key, name, wanted)
        self.events = clients.client("events")

    @property
    def arn(self):
        """Known before the rule exists."""
        clients = self.clients
        return f"arn:{clients.partition}:events:{clients.region}:{clients.account_id}:rule/{self.name}"

    def read(self):
        """DescribeRule, ListTargetsByRule and ListTagsForResource."""
        try:
            found = self.events.describe_rule(Name=self.name)
            targets = self._targets()
            tags = self.events.list_tags_for_resource(ResourceARN=self.arn)["Tags"]
        except is_boto3_error_code("ResourceNotFoundException"):
            return None
        return {
            "event_pattern": canonical(found.get("EventPattern")),
            "description": found.get("Description", ""),
            "state": found["State"],
            "role_arn": found.get("RoleArn"),
            "targets": targets,
            "tags": boto3_tag_list_to_ansible_dict(tags),
        }

    def _targets(self):
        pages = self.events.get_paginator("list_targets_by_rule").paginate(Rule=self.name)
        return {target["Id"]: target["Arn"] for page in pages for target in page["Targets"]}

    def create(self):
        """PutRule with its tags; targets are put afterwards."""
        self._put({}, Tags=ansible_dict_to_boto3_tag_list(self.wanted["tags"]))
        stored = {path: value for path, value in self.wanted.items() if value is not None}
        return {**stored, "targets": {}}

    def update(self, found, changes):
        """PutRule as a whole, which ignores tags now; PutTargets for those that differ; TagResource."""
        if tagging.touches(changes, "event_pattern", "description", "state"):
            self._put(found)
        targets = {change.path.partition(".")[2]: change.after for change in changes if _is_target(change)}
        if targets:
            self._put_targets(targets)
        tags = tagging.wanted(changes)
        if tags:
            self.events.tag_resource(ResourceARN=self.arn, Tags=ansible_dict_to_boto3_tag_list(tags))

    def _put(self, found, **more):
        """PutRule takes the whole rule: what is left out is gone afterwards."""
        whole = {**found, **{path: value for path, value in self.wanted.items() if value is not None}}
        self.events.put_rule(
            Name=self.name,
            EventPattern=json.dumps(whole["event_pattern"]),
            **{name: whole[path] for path, name in _SETTINGS.items() if whole.get(path)},
            **more,
        )

    def _put_targets(self, targets):
        """PutTargets answers with what it did not take."""
        entries = [{"Id": name, "Arn": arn} for name, arn in sorted(targets.items())]
        refused = self.events.put_targets(Rule=self.name, Targets=entries)["FailedEntries"]
        if refused:
            told = "; ".join(f"{one['TargetId']}: {one['ErrorMessage']} ({one['ErrorCode']})" for one in refused)
            raise PlatformError(told, call="events:PutTargets", subject=self.subject, **self.place())

    def delete(self, _found):
        """DeleteRule, after all of its targets were taken off, whoever put them there."""
        targets = self._targets()
        if targets:
            self.events.remove_targets(Rule=self.name, Ids=sorted(targets))
        self.events.delete_rule(Name=self.name)

    def facts(self, _found):
        """{"name", "arn"}; both are known before the rule exists."""
        return {"name": self.name, "arn": self.arn}


def _is_target(change):
    return change.path.startswith("targets.")


def canonical(pattern: dict | str | None) -> dict | None:
    """An event pattern in one form: the order of the alternatives in a list means nothing.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
    """
    return _ordered(compare.document(pattern))


def _ordered(value):
    if isinstance(value, dict):
        return {key: _ordered(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((_ordered(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def run_rules(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of rules; result of reconcile, resources: key -> {"name", "arn"}."""
    wanted = arguments.entries("rules", params["rules"], RULE_OPTIONS)
    rules = [_rule(clients, params, key, entry) for key, entry in wanted.items()]
    return reconcile(
        rules,
        check_mode,
        consent=params["consent"],
        orphans=lambda: _unwanted(clients, params["scope"], {rule.name for rule in rules}),
        progress=progress,
    )


def _rule(clients, params, key, entry):
    wanted = {
        "event_pattern": canonical(entry["event_pattern"]),
        "description": entry["description"],
        "state": entry["state"],
        "targets": entry["targets"],
        "tags": arguments.tags(Rule.kind, params, key, entry),
    }
    return Rule(clients, params["scope"], key, entry["name"], wanted)


def _unwanted(clients, scope, names):
    """Rules marked for this scope whose name nobody wants any more."""
    with errors.told("rules marked as ours", clients):
        found = tagging.marked(clients, Rule.kind, scope, "events:rule")
    named = {arn.partition(":rule/")[2]: key for arn, key in found.items()}
    return [Rule(clients, scope, key, name, {}) for name, key in named.items() if name not in names]
