# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2 launch templates: what differs becomes a new version, and that the default one."""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.piksel.platform.plugins.module_utils import arguments, compare, errors, ownership, tagging
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

NOT_FOUND = ("InvalidLaunchTemplateName.NotFoundException", "InvalidLaunchTemplateId.NotFound")
DEVICE_OPTIONS = {
    "device_name": {"type": "str", "required": True},
    "volume_size": {"type": "int", "required": True},
    "volume_type": {"type": "str", "default": "gp3"},
    "encrypted": {"type": "bool", "default": True},
    "kms_key_id": {"type": "str", "no_log": False},
    "delete_on_termination": {"type": "bool", "default": True},
}
TEMPLATE_OPTIONS = {
    "name": {"type": "str", "required": True},
    "block_devices": {"type": "list", "elements": "dict", "options": DEVICE_OPTIONS, "default": []},
    "http_tokens": {"type": "str", "choices": ["required", "optional"], "default": "required"},
    "http_put_response_hop_limit": {"type": "int", "default": 1},
    "instance_tags": {"type": "dict", "default": {}},
    "volume_tags": {"type": "dict", "default": {}},
    "tags": {"type": "dict", "default": {}},
}
_EBS = {
    "volume_size": "VolumeSize",
    "volume_type": "VolumeType",
    "encrypted": "Encrypted",
    "kms_key_id": "KmsKeyId",
    "delete_on_termination": "DeleteOnTermination",
}
# Parts of a version's data that the attributes stand for.
_OURS = frozenset({"BlockDeviceMappings", "MetadataOptions", "TagSpecifications"})


class LaunchTemplate(Resource):
    """A launch template; its attributes are those of its default version.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-launch-template-versions.html
    ``block_devices`` maps a device's name to its settings.
    """

    kind = "launch_template"
    exists_codes = ("InvalidLaunchTemplateName.AlreadyExistsException",)
    data_attributes = (
        Attribute("block_devices", form="owned_map"),
        Attribute("http_tokens", default="optional"),
        Attribute("http_put_response_hop_limit", default=1),
        Attribute("instance_tags", form="owned_map"),
        Attribute("volume_tags", form="owned_map"),
        # What somebody else put into a version would reach every node by it.
        Attribute("other_settings", form="owned_map"),
    )
    attributes = (*data_attributes, tagging.TAGS)

    def __init__(self, clients, scope, key, name, wanted):
        super().__init__(clients, scope, key, name, wanted)
        self.ec2 = clients.client("ec2")

    def read(self):
        """DescribeLaunchTemplates, and DescribeLaunchTemplateVersions; of all versions only where the default differs.

        "fitting" is the version that is as wanted, None when there is none yet.
        """
        try:
            template = self.ec2.describe_launch_templates(LaunchTemplateNames=[self.name])["LaunchTemplates"][0]
        except is_boto3_error_code(NOT_FOUND):
            return None
        ((number, found),) = self._versions(template, Versions=["$Default"]).items()
        fitting = number if not self._data_changes(found) else self._fitting(template)
        return {
            "id": template["LaunchTemplateId"],
            "latest": template["LatestVersionNumber"],
            "fitting": fitting,
            "tags": boto3_tag_list_to_ansible_dict(template.get("Tags", [])),
            **found,
        }

    def _versions(self, template, **which):
        """Versions of the template by number, flat."""
        pages = self.ec2.get_paginator("describe_launch_template_versions").paginate(
            LaunchTemplateId=template["LaunchTemplateId"], **which
        )
        versions = [version for page in pages for version in page["LaunchTemplateVersions"]]
        return {version["VersionNumber"]: flat(version["LaunchTemplateData"]) for version in versions}

    def _fitting(self, template):
        """The newest version that is as wanted: what was there before needs no new one, and nodes none of theirs."""
        versions = self._versions(template)
        return max((number for number, data in versions.items() if not self._data_changes(data)), default=None)

    def create(self):
        """CreateLaunchTemplate, with its first version.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html
        """
        tags = ansible_dict_to_boto3_tag_list(self.wanted["tags"])
        made = self.ec2.create_launch_template(
            LaunchTemplateName=self.name,
            LaunchTemplateData=data(self.wanted),
            TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
        )["LaunchTemplate"]
        return {**self.wanted, "id": made["LaunchTemplateId"], "latest": 1, "fitting": 1}

    def update(self, found, changes):
        """Tags; for everything else a new version, unless one is as wanted already, and that as default."""
        tags = tagging.wanted(changes)
        if tags:
            self.ec2.create_tags(Resources=[found["id"]], Tags=ansible_dict_to_boto3_tag_list(tags))
        if not self._data_changes(found):
            return None
        which, number = {"LaunchTemplateId": found["id"]}, found["fitting"]
        if number is None:
            # botocore gives the call a token, by which EC2 knows one whose answer was lost.
            made = self.ec2.create_launch_template_version(**which, LaunchTemplateData=data(self.wanted))
            number = made["LaunchTemplateVersion"]["VersionNumber"]
        self.ec2.modify_launch_template(**which, DefaultVersion=str(number))
        # Not read again: EC2 may still show what was before.
        known = {"fitting": number, "latest": max(found["latest"], number), "tags": {**found["tags"], **tags}}
        return {**found, **{one.path: self.wanted[one.path] for one in self.data_attributes}, **known}

    def delete(self, found):
        """DeleteLaunchTemplate, all versions with it; node groups keep the copies that EKS made."""
        with errors.gone(NOT_FOUND):
            self.ec2.delete_launch_template(LaunchTemplateName=self.name)

    def _data_changes(self, found):
        return compare.changes(self.data_attributes, self.wanted, found)

    def facts(self, found):
        """Name, id and the version to use; EC2 counts versions on from the latest, so its number is known before."""
        if found is None:
            return {"name": self.name, "id": self.unknown("id"), "version": "1"}
        return {"name": self.name, "id": found["id"], "version": str(found["fitting"] or found["latest"] + 1)}


def data(wanted: dict) -> dict:
    """RequestLaunchTemplateData for the attributes of a template.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RequestLaunchTemplateData.html
    """
    devices = [
        {"DeviceName": name, "Ebs": {_EBS[option]: value for option, value in settings.items()}}
        for name, settings in sorted(wanted["block_devices"].items())
    ]
    tags = [
        {"ResourceType": kind, "Tags": ansible_dict_to_boto3_tag_list(wanted[f"{kind}_tags"])}
        for kind in ("instance", "volume")
        if wanted[f"{kind}_tags"]
    ]
    metadata = {
        "HttpTokens": wanted["http_tokens"],
        "HttpPutResponseHopLimit": wanted["http_put_response_hop_limit"],
    }
    lists = {"BlockDeviceMappings": devices, "TagSpecifications": tags}
    return {"MetadataOptions": metadata, **{name: value for name, value in lists.items() if value}}


def flat(described: dict) -> dict:
    """ResponseLaunchTemplateData as attributes of a template."""
    metadata = described.get("MetadataOptions", {})
    tags = {
        one["ResourceType"]: boto3_tag_list_to_ansible_dict(one.get("Tags", []))
        for one in described.get("TagSpecifications", [])
    }
    return {
        "block_devices": {
            device["DeviceName"]: {
                option: device["Ebs"][name] for option, name in _EBS.items() if name in device.get("Ebs", {})
            }
            for device in described.get("BlockDeviceMappings", [])
        },
        "http_tokens": metadata.get("HttpTokens"),
        "http_put_response_hop_limit": metadata.get("HttpPutResponseHopLimit"),
        "instance_tags": tags.get("instance", {}),
        "volume_tags": tags.get("volume", {}),
        # User data may hold anything: that there are some is all that a plan may show.
        "other_settings": {name: "set" for name, value in sorted(described.items()) if value and name not in _OURS},
    }


def run_templates(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of launch templates; resources: key -> {"name", "id", "version"}."""
    wanted = arguments.entries("launch_templates", params["launch_templates"], TEMPLATE_OPTIONS)
    templates = [_template(clients, params, key, entry) for key, entry in wanted.items()]
    return reconcile(
        templates,
        check_mode,
        consent=params["consent"],
        orphans=lambda: _unwanted(clients, params["scope"], {template.name for template in templates}),
        progress=progress,
    )


def _template(clients, params, key, entry):
    wanted = {
        "block_devices": {
            device["device_name"]: {option: device[option] for option in _EBS if device[option] is not None}
            for device in entry["block_devices"]
        },
        "http_tokens": entry["http_tokens"],
        "http_put_response_hop_limit": entry["http_put_response_hop_limit"],
        "instance_tags": {str(name): str(value) for name, value in entry["instance_tags"].items()},
        "volume_tags": {str(name): str(value) for name, value in entry["volume_tags"].items()},
        "other_settings": {},
        "tags": arguments.tags(LaunchTemplate.kind, params, key, entry),
    }
    return LaunchTemplate(clients, params["scope"], key, entry["name"], wanted)


def _unwanted(clients, scope, names):
    """Templates marked for this scope whose name nobody wants any more."""
    filters = [{"Name": "tag-key", "Values": [ownership.MARK]}]
    with errors.told("launch templates marked as ours", clients):
        pages = clients.client("ec2").get_paginator("describe_launch_templates").paginate(Filters=filters)
        found = [template for page in pages for template in page["LaunchTemplates"]]
    unwanted = []
    for template in found:
        mark = boto3_tag_list_to_ansible_dict(template.get("Tags", [])).get(ownership.MARK)
        key = ownership.marked_key(mark, LaunchTemplate.kind, scope)
        if key and template["LaunchTemplateName"] not in names:
            unwanted.append(LaunchTemplate(clients, scope, key, template["LaunchTemplateName"], {}))
    return unwanted
