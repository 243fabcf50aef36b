# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an instance of RDS stands on: groups of subnets, and groups of parameters."""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.piksel.platform.plugins.module_utils import arguments, errors, ownership, tagging
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parts, reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

SUBNET_GROUP_OPTIONS = {
    "name": {"type": "str", "required": True},
    "description": {"type": "str", "required": True},
    "subnet_ids": {"type": "list", "elements": "str", "required": True},
    "tags": {"type": "dict", "default": {}},
}
PARAMETER_GROUP_OPTIONS = {
    "name": {"type": "str", "required": True},
    "family": {"type": "str", "required": True},
    "description": {"type": "str", "required": True},
    "parameters": {"type": "dict", "default": {}},
    "tags": {"type": "dict", "default": {}},
}
# As many parameters as one call takes.
BATCH = 20
_PARAMETER = "parameters."


class Group(Resource):
    """A named group of RDS: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.ARN.html"""

    # The word in ARNs.
    arn_type = ""

    def __init__(self, clients, scope, key, name, wanted):
        super().__init__(clients, scope, key, name, wanted)
        self.rds = clients.client("rds")

    @property
    def arn(self):
        """Known before the group exists."""
        clients = self.clients
        return f"arn:{clients.partition}:rds:{clients.region}:{clients.account_id}:{self.arn_type}:{self.name}"

    def tags(self) -> dict:
        """ListTagsForResource: tag key -> value."""
        return boto3_tag_list_to_ansible_dict(self.rds.list_tags_for_resource(ResourceName=self.arn)["TagList"])

    def tag(self, changes):
        """AddTagsToResource, which overwrites."""
        tags = tagging.wanted(changes)
        if tags:
            self.rds.add_tags_to_resource(ResourceName=self.arn, Tags=ansible_dict_to_boto3_tag_list(tags))

    def facts(self, _found):
        """Name and ARN; both are known before the group exists."""
        return {"name": self.name, "arn": self.arn}


class SubnetGroup(Group):
    """The subnets that an instance may be in.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBSubnetGroup.html
    """

    kind = "rds_subnet_group"
    arn_type = "subgrp"
    exists_codes = ("DBSubnetGroupAlreadyExists",)
    attributes = (Attribute("description"), Attribute("subnet_ids", form="set"), tagging.TAGS)

    def read(self):
        """DescribeDBSubnetGroups and ListTagsForResource."""
        try:
            group = self.rds.describe_db_subnet_groups(DBSubnetGroupName=self.name)["DBSubnetGroups"][0]
        except is_boto3_error_code("DBSubnetGroupNotFoundFault"):
            return None
        return {
            "description": group["DBSubnetGroupDescription"],
            "subnet_ids": [subnet["SubnetIdentifier"] for subnet in group["Subnets"]],
            "tags": self.tags(),
        }

    def create(self):
        """CreateDBSubnetGroup with everything."""
        self.rds.create_db_subnet_group(
            **self._settings(self.wanted), Tags=ansible_dict_to_boto3_tag_list(self.wanted["tags"])
        )
        return dict(self.wanted)

    def _settings(self, values):
        return {
            "DBSubnetGroupName": self.name,
            "DBSubnetGroupDescription": values["description"],
            "SubnetIds": values["subnet_ids"],
        }

    def update(self, _found, changes):
        """ModifyDBSubnetGroup, which wants all of them, and tags."""
        if tagging.touches(changes, "description", "subnet_ids"):
            self.rds.modify_db_subnet_group(**self._settings(self.wanted))
        self.tag(changes)

    def delete(self, _found):
        """DeleteDBSubnetGroup; RDS refuses while an instance is in it."""
        try:
            self.rds.delete_db_subnet_group(DBSubnetGroupName=self.name)
        except is_boto3_error_code("DBSubnetGroupNotFoundFault"):
            # Gone already: this is the second try of a deletion whose answer was lost.
            return


class ParameterGroup(Group):
    """Parameters of an instance; those that the entry does not name are left alone.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBParameterGroup.html
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Parameter.html
    """

    kind = "rds_parameter_group"
    arn_type = "pg"
    exists_codes = ("DBParameterGroupAlreadyExists",)
    attributes = (
        Attribute("family", immutable=True),
        Attribute("description", immutable=True),
        Attribute("parameters", form="map"),
        tagging.TAGS,
    )

    def read(self):
        """DescribeDBParameterGroups, DescribeDBParameters and ListTagsForResource."""
        try:
            groups = self.rds.describe_db_parameter_groups(DBParameterGroupName=self.name)["DBParameterGroups"]
        except is_boto3_error_code("DBParameterGroupNotFound"):
            return None
        if not groups:
            return None
        return {
            "family": groups[0]["DBParameterGroupFamily"],
            "description": groups[0]["Description"],
            "tags": self.tags(),
            **self._parameters(),
        }

    def _parameters(self):
        """{"parameters": name -> value as text or None, "static": names of those that count after a reboot only}."""
        pages = self.rds.get_paginator("describe_db_parameters").paginate(DBParameterGroupName=self.name)
        known = [parameter for page in pages for parameter in page["Parameters"]]
        return {
            "parameters": {one["ParameterName"]: one.get("ParameterValue") for one in known},
            "static": {one["ParameterName"] for one in known if one.get("ApplyType") == "static"},
        }

    def refusals(self, found, _changes):
        """A name that the family does not know; before the group exists only RDS can tell."""
        if found is None:
            return []
        return [
            PlatformError(f"family {found['family']} has no parameter {name}", subject=self.subject, **self.place())
            for name in self.wanted["parameters"]
            if name not in found["parameters"]
        ]

    def create(self):
        """CreateDBParameterGroup; the parameters are put afterwards."""
        self.rds.create_db_parameter_group(
            DBParameterGroupName=self.name,
            DBParameterGroupFamily=self.wanted["family"],
            Description=self.wanted["description"],
            Tags=ansible_dict_to_boto3_tag_list(self.wanted["tags"]),
        )
        return {**self.wanted, **self._parameters()}

    def update(self, found, changes):
        """ModifyDBParameterGroup, static parameters with the next reboot, and tags."""
        wanted = [change for change in changes if change.path.startswith(_PARAMETER)]
        parameters = [self._parameter(found, change) for change in wanted]
        for start in range(0, len(parameters), BATCH):
            self.rds.modify_db_parameter_group(
                DBParameterGroupName=self.name, Parameters=parameters[start : start + BATCH]
            )
        self.tag(changes)

    @staticmethod
    def _parameter(found, change):
        name = change.path.removeprefix(_PARAMETER)
        return {
            "ParameterName": name,
            "ParameterValue": change.after,
            "ApplyMethod": "pending-reboot" if name in found["static"] else "immediate",
        }

    def delete(self, _found):
        """DeleteDBParameterGroup; RDS refuses while an instance has it."""
        try:
            self.rds.delete_db_parameter_group(DBParameterGroupName=self.name)
        except is_boto3_error_code("DBParameterGroupNotFound"):
            # Gone already: this is the second try of a deletion whose answer was lost.
            return


def run_subnet_groups(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of subnet groups; resources: key -> {"name", "arn"}."""
    wanted = arguments.entries("groups", params["groups"], SUBNET_GROUP_OPTIONS)
    groups = [
        _group(SubnetGroup, clients, params, key, entry, {"subnet_ids": entry["subnet_ids"]})
        for key, entry in wanted.items()
    ]
    return _reconciled(groups, SubnetGroup, _names("describe_db_subnet_groups"), params, check_mode, clients, progress)


def run_parameter_groups(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of parameter groups; resources: key -> {"name", "arn"}."""
    wanted = arguments.entries("groups", params["groups"], PARAMETER_GROUP_OPTIONS)
    groups = [
        _group(ParameterGroup, clients, params, key, entry, _parameter_values(entry)) for key, entry in wanted.items()
    ]
    names = _names("describe_db_parameter_groups")
    return _reconciled(groups, ParameterGroup, names, params, check_mode, clients, progress)


def _parameter_values(entry):
    """RDS has every value as text, and 1 and 0 for yes and no."""
    values = {name: int(value) if isinstance(value, bool) else value for name, value in entry["parameters"].items()}
    return {"family": entry["family"], "parameters": {name: str(value) for name, value in values.items()}}


def _group(kind, clients, params, key, entry, values):
    tags = arguments.tags(kind.kind, params, key, entry)
    wanted = {"description": entry["description"], **values, "tags": tags}
    # RDS keeps these names in lower case.
    return kind(clients, params["scope"], key, entry["name"].lower(), wanted)


def _names(operation):
    """A function that lists the names of all groups by this describing operation."""

    def listed(rds):
        pages = rds.get_paginator(operation).paginate()
        groups = [group for page in pages for groups in page.values() if isinstance(groups, list) for group in groups]
        return [group.get("DBSubnetGroupName") or group.get("DBParameterGroupName") for group in groups]

    return listed


def _reconciled(groups, kind, names, params, check_mode, clients, progress):
    """The result of reconcile; of groups that nobody wants, those with the mark are orphans."""
    wanted = {group.name for group in groups}

    def unwanted():
        with errors.told(f"{kind.kind}s marked as ours", clients):
            # RDS has groups of its own, which all begin alike.
            others = [name for name in names(clients.client("rds")) if name not in wanted and name[:7] != "default"]
            found = [kind(clients, params["scope"], "", name, {}) for name in others]
            marks = [tags.get(ownership.MARK) for tags in parts(lambda group: group.tags(), found)]
        keys = [ownership.marked_key(mark, kind.kind, params["scope"]) for mark in marks]
        return [kind(clients, params["scope"], key, name, {}) for key, name in zip(keys, others, strict=True) if key]

    return reconcile(groups, check_mode, consent=params["consent"], orphans=unwanted, progress=progress)
