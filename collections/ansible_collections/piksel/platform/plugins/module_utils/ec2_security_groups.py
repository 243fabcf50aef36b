# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2 security groups, and rules that let traffic in: each rule an object of its own, so that those of others stay."""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.piksel.platform.plugins.module_utils import arguments, errors, ownership, tagging, unknown
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

GROUP_OPTIONS = {
    "name": {"type": "str", "required": True},
    "description": {"type": "str", "required": True},
    "vpc_id": {"type": "str", "required": True},
    "tags": {"type": "dict", "default": {}},
}
RULE_OPTIONS = {
    "name": {"type": "str", "required": True},
    "group_id": {"type": "str", "required": True},
    "protocol": {"type": "str", "choices": ["tcp", "udp"], "default": "tcp"},
    "from_port": {"type": "int", "required": True},
    "to_port": {"type": "int"},
    "source_group_id": {"type": "str"},
    "cidr": {"type": "str"},
    "tags": {"type": "dict", "default": {}},
}
SOURCES = ("source_group_id", "cidr")
RULE_RULES = {"required_one_of": [SOURCES], "mutually_exclusive": [SOURCES]}


class Tagged(Resource):
    """What EC2 knows by an id that it made up, found["id"], and of which only tags can be changed."""

    def __init__(self, clients, scope, key, name, wanted):
        super().__init__(clients, scope, key, name, wanted)
        self.ec2 = clients.client("ec2")

    def update(self, found, changes):
        """CreateTags, which overwrites. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html"""
        self.ec2.create_tags(Resources=[found["id"]], Tags=ansible_dict_to_boto3_tag_list(tagging.wanted(changes)))

    def specification(self, resource_type):
        """The tags as a create call takes them."""
        return [{"ResourceType": resource_type, "Tags": ansible_dict_to_boto3_tag_list(self.wanted["tags"])}]

    def facts(self, found):
        """Name and id."""
        return {"name": self.name, "id": found["id"] if found else self.unknown("id")}


class SecurityGroup(Tagged):
    """A security group. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroup.html

    Its rules are no part of it.
    """

    kind = "security_group"
    exists_codes = ("InvalidGroup.Duplicate",)
    attributes = (Attribute("description", immutable=True), Attribute("vpc_id", immutable=True), tagging.TAGS)

    def read(self):
        """DescribeSecurityGroups by network and name, which together are unique."""
        if unknown.is_unknown(self.wanted["vpc_id"]):
            return None
        filters = {"vpc-id": [self.wanted["vpc_id"]], "group-name": [self.name]}
        return next((flat_group(group) for group in _groups(self.ec2, filters)), None)

    def create(self):
        """CreateSecurityGroup; EC2 gives it a rule that lets everything out, which stays."""
        made = self.ec2.create_security_group(
            GroupName=self.name,
            Description=self.wanted["description"],
            VpcId=self.wanted["vpc_id"],
            TagSpecifications=self.specification("security-group"),
        )
        return {**self.wanted, "id": made["GroupId"]}

    def delete(self, found):
        """DeleteSecurityGroup; EC2 refuses while something is in it."""
        try:
            self.ec2.delete_security_group(GroupId=found["id"])
        except is_boto3_error_code("InvalidGroup.NotFound"):
            # Gone already: this is the second try of a deletion whose answer was lost.
            return


class UnwantedGroup(SecurityGroup):
    """A group that no entry wants; its name here is its id."""

    def delete(self, _found):
        """By the id, since an orphan was never read."""
        super().delete({"id": self.name})


class Rule(Tagged):
    """A rule that lets traffic in: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html

    A rule is what it admits: EC2 has at most one for a group, protocol, ports and source. Whoever changes ours makes it
    another one, which then is no longer wanted.
    """

    kind = "security_group_rule"
    exists_codes = ("InvalidPermission.Duplicate",)
    permission = ("group_id", "protocol", "from_port", "to_port", *SOURCES)
    attributes = (*(Attribute(path, immutable=True) for path in permission), tagging.TAGS)

    def read(self):
        """DescribeSecurityGroupRules of the group; the one that admits the same."""
        if unknown.contains_unknown([self.wanted["group_id"], self.wanted.get("source_group_id")]):
            return None
        rules = _rules(self.ec2, {"group-id": [self.wanted["group_id"]]})
        return next((rule for rule in rules if self.admits(rule)), None)

    def admits(self, rule: dict) -> bool:
        """Whether a rule as found admits what this one is to admit."""
        return all(rule[path] == self.wanted.get(path) for path in self.permission)

    def create(self):
        """AuthorizeSecurityGroupIngress.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
        """
        wanted = self.wanted
        permission = {"IpProtocol": wanted["protocol"], "FromPort": wanted["from_port"], "ToPort": wanted["to_port"]}
        if wanted.get("cidr"):
            permission["IpRanges"] = [{"CidrIp": wanted["cidr"]}]
        else:
            permission["UserIdGroupPairs"] = [{"GroupId": wanted["source_group_id"]}]
        made = self.ec2.authorize_security_group_ingress(
            GroupId=wanted["group_id"],
            IpPermissions=[permission],
            TagSpecifications=self.specification("security-group-rule"),
        )["SecurityGroupRules"][0]
        return {**wanted, "id": made["SecurityGroupRuleId"]}


class UnwantedRule(Rule):
    """A rule that no entry wants; its name here is its id."""

    def __init__(self, clients, scope, key, rule):
        super().__init__(clients, scope, key, rule["id"], {})
        self.group_id = rule["group_id"]

    def delete(self, _found):
        """RevokeSecurityGroupIngress."""
        try:
            self.ec2.revoke_security_group_ingress(GroupId=self.group_id, SecurityGroupRuleIds=[self.name])
        except is_boto3_error_code("InvalidSecurityGroupRuleId.NotFound"):
            # Gone already: this is the second try of a deletion whose answer was lost.
            return


def flat_group(group: dict) -> dict:
    """A SecurityGroup of the API, flat."""
    return {
        "id": group["GroupId"],
        "description": group["Description"],
        "vpc_id": group["VpcId"],
        "tags": boto3_tag_list_to_ansible_dict(group.get("Tags", [])),
    }


def flat_rule(rule: dict) -> dict:
    """A SecurityGroupRule of the API, flat."""
    return {
        "id": rule["SecurityGroupRuleId"],
        "group_id": rule["GroupId"],
        "protocol": rule["IpProtocol"],
        "from_port": rule["FromPort"],
        "to_port": rule["ToPort"],
        "source_group_id": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
        "cidr": rule.get("CidrIpv4") or rule.get("CidrIpv6"),
        "tags": boto3_tag_list_to_ansible_dict(rule.get("Tags", [])),
    }


def _groups(ec2, filters):
    pages = ec2.get_paginator("describe_security_groups").paginate(Filters=_filters(filters))
    return [group for page in pages for group in page["SecurityGroups"]]


def _rules(ec2, filters):
    """Rules that let traffic in, flat."""
    pages = ec2.get_paginator("describe_security_group_rules").paginate(Filters=_filters(filters))
    return [flat_rule(rule) for page in pages for rule in page["SecurityGroupRules"] if not rule["IsEgress"]]


def _filters(given):
    return [{"Name": name, "Values": values} for name, values in given.items()]


def run_groups(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of security groups; resources: key -> {"name", "id"}."""
    wanted = arguments.entries("groups", params["groups"], GROUP_OPTIONS)
    groups = [_group(clients, params, key, entry) for key, entry in wanted.items()]
    names = {group.name for group in groups}

    def unwanted():
        ec2 = clients.client("ec2")
        with errors.told("security groups marked as ours", clients):
            found = [group for group in _groups(ec2, {"tag-key": [ownership.MARK]}) if group["GroupName"] not in names]
        keys = [(_marked_key(SecurityGroup, params, flat_group(group)), group["GroupId"]) for group in found]
        return [UnwantedGroup(clients, params["scope"], key, group_id, {}) for key, group_id in keys if key]

    return reconcile(groups, check_mode, consent=params["consent"], orphans=unwanted, progress=progress)


def _group(clients, params, key, entry):
    wanted = {
        "description": entry["description"],
        "vpc_id": entry["vpc_id"],
        "tags": arguments.tags(SecurityGroup.kind, params, key, entry),
    }
    return SecurityGroup(clients, params["scope"], key, entry["name"], wanted)


def run_rules(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of rules that let traffic in; resources: key -> {"name", "id"}."""
    wanted = arguments.entries("rules", params["rules"], RULE_OPTIONS, **RULE_RULES)
    rules = [_rule(clients, params, key, entry) for key, entry in wanted.items()]

    def unwanted():
        with errors.told("rules of security groups marked as ours", clients):
            found = _rules(clients.client("ec2"), {"tag-key": [ownership.MARK]})
        marked = [(_marked_key(Rule, params, rule), rule) for rule in found]
        return [
            UnwantedRule(clients, params["scope"], key, rule)
            for key, rule in marked
            if key and not any(one.admits(rule) for one in rules)
        ]

    return reconcile(rules, check_mode, consent=params["consent"], orphans=unwanted, progress=progress)


def _rule(clients, params, key, entry):
    wanted = {
        **{path: entry[path] for path in Rule.permission},
        "to_port": entry["from_port"] if entry["to_port"] is None else entry["to_port"],
        "tags": {"Name": entry["name"], **arguments.tags(Rule.kind, params, key, entry)},
    }
    return Rule(clients, params["scope"], key, entry["name"], wanted)


def _marked_key(kind, params, found):
    """The logical key of what was found, None where it bears the mark of another kind or scope."""
    return ownership.marked_key(found["tags"].get(ownership.MARK), kind.kind, params["scope"])
