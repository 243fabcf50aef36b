# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A catalogue of node classes as manifests of Karpenter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: karpenter_node_classes
short_description: Turn a catalogue of node classes into EC2NodeClass manifests
version_added: 0.1.0
description:
  - Makes a manifest of C(karpenter.k8s.aws/v1) for each entry that is not switched off.
  - Every class has an encrypted gp3 root volume that goes with its instance, no public address, IMDSv2 alone with one
    hop, and finds private subnets and the security group of its cluster by their discovery tag.
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description:
      - Node classes by logical key, each with C(name), C(volume_size_gib), and C(ami_alias) or C(ami_name), and
        perhaps C(volume_kms_key_id), C(subnet_tags), C(public), C(tags) and C(enabled).
    type: dict
    required: true
  cluster_name:
    description: Name of the cluster, the value of the discovery tag.
    type: str
    required: true
  role_name:
    description: Name of the role of the nodes.
    type: str
    required: true
  ami_alias:
    description: Image of classes that name none.
    type: str
    required: true
  tags:
    description: Tags of instances and volumes of every class.
    type: dict
    default: {}
seealso:
  - name: NodeClasses
    description: The fields of an EC2NodeClass, in the documentation of Karpenter.
    link: https://karpenter.sh/docs/concepts/nodeclasses/
"""

EXAMPLES = r"""
objects: >-
  {{ {'default': {'name': 'default', 'volume_size_gib': 120}} | piksel.platform.karpenter_node_classes(
  cluster_name='example', role_name='Karpenter-example', ami_alias='al2023@v20260403') }}
"""

RETURN = r"""
_value:
  description: The manifests by C(class_) and the logical key.
  type: dict
"""

DISCOVERY = "karpenter.sh/discovery"
ROOT_DEVICE = "/dev/xvda"


def karpenter_node_classes(
    catalogue: dict, cluster_name: str, role_name: str, ami_alias: str, tags: dict | None = None
) -> dict:
    """Logical key, after "class_", to EC2NodeClass manifest."""
    found = {
        key: _manifest(entry, cluster_name, role_name, ami_alias, tags or {})
        for key, entry in catalogue.items()
        if entry.get("enabled", True)
    }
    return {f"class_{key}": manifest for key, manifest in found.items()}


def _manifest(entry, cluster_name, role_name, ami_alias, tags):
    discovery = {DISCOVERY: cluster_name}
    kind = "Public" if entry.get("public") else "Private"
    return {
        "apiVersion": "karpenter.k8s.aws/v1",
        "kind": "EC2NodeClass",
        "metadata": {"name": entry["name"]},
        "spec": {
            "amiFamily": "AL2023",
            "amiSelectorTerms": [_image(entry, ami_alias)],
            "role": role_name,
            "subnetSelectorTerms": [{"tags": {**discovery, "SubnetType": kind, **(entry.get("subnet_tags") or {})}}],
            "securityGroupSelectorTerms": [{"tags": discovery}],
            "associatePublicIPAddress": bool(entry.get("public")),
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1},
            "blockDeviceMappings": [{"deviceName": ROOT_DEVICE, "rootVolume": True, "ebs": _volume(entry)}],
            "tags": {name: str(value) for name, value in {**tags, **(entry.get("tags") or {})}.items()},
        },
    }


def _image(entry, ami_alias):
    """An image by its name, which Amazon must own, else by an alias of AWS."""
    if entry.get("ami_name"):
        return {"name": entry["ami_name"], "owner": "amazon"}
    return {"alias": entry.get("ami_alias") or ami_alias}


def _volume(entry):
    volume = {
        "volumeSize": f"{entry['volume_size_gib']}Gi",
        "volumeType": "gp3",
        "encrypted": True,
        "deleteOnTermination": True,
    }
    return {**volume, "kmsKeyID": entry["volume_kms_key_id"]} if entry.get("volume_kms_key_id") else volume


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"karpenter_node_classes": karpenter_node_classes}
