# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A catalogue of node pools as manifests of Karpenter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: karpenter_node_pools
short_description: Turn a catalogue of node pools into NodePool manifests
version_added: 0.1.0
description:
  - Makes a manifest of C(karpenter.sh/v1) for each entry that is not switched off.
  - Every pool says architecture, operating system and capacity type, and puts the expiry of nodes where Karpenter looks
    for it, into the template.
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description:
      - Node pools by logical key, each with C(name), C(node_class) (a logical key), one of C(instance_categories),
        C(instance_families) and C(instance_types), and perhaps C(instance_sizes), C(generation_above), C(cpus),
        C(capacity_types), C(zones), C(labels), C(taints), C(limits), C(consolidation_policy), C(consolidate_after),
        C(expire_after), C(budgets), C(weight) and C(enabled).
    type: dict
    required: true
  node_classes:
    description: The catalogue of node classes.
    type: dict
    required: true
seealso:
  - name: NodePools
    description: The fields of a NodePool, in the documentation of Karpenter.
    link: https://karpenter.sh/docs/concepts/nodepools/
"""

EXAMPLES = r"""
objects: "{{ pools | piksel.platform.karpenter_node_pools(node_classes=classes) }}"
classes:
  default:
    name: default
    volume_size_gib: 120
pools:
  gpu:
    name: gpu
    node_class: default
    instance_types: [g5.xlarge]
    limits: {nvidia.com/gpu: 30}
"""

RETURN = r"""
_value:
  description: The manifests by C(pool_) and the logical key.
  type: dict
"""

# Option -> label of a requirement with the operator In. https://karpenter.sh/docs/reference/instance-types/
REQUIREMENTS = {
    "instance_categories": "karpenter.k8s.aws/instance-category",
    "instance_families": "karpenter.k8s.aws/instance-family",
    "instance_types": "node.kubernetes.io/instance-type",
    "instance_sizes": "karpenter.k8s.aws/instance-size",
    "hypervisors": "karpenter.k8s.aws/instance-hypervisor",
    "cpus": "karpenter.k8s.aws/instance-cpu",
    "architectures": "kubernetes.io/arch",
    "operating_systems": "kubernetes.io/os",
    "capacity_types": "karpenter.sh/capacity-type",
    "zones": "topology.kubernetes.io/zone",
}
DEFAULTS = {"architectures": ["amd64"], "operating_systems": ["linux"], "capacity_types": ["on-demand"]}
GENERATION = "karpenter.k8s.aws/instance-generation"


def karpenter_node_pools(catalogue: dict, node_classes: dict) -> dict:
    """Logical key, after "pool_", to NodePool manifest."""
    return {
        f"pool_{key}": _manifest(entry, node_classes) for key, entry in catalogue.items() if entry.get("enabled", True)
    }


def _manifest(entry, node_classes):
    template = {
        "metadata": {"labels": entry.get("labels") or {}},
        "spec": {
            "nodeClassRef": {
                "group": "karpenter.k8s.aws",
                "kind": "EC2NodeClass",
                "name": node_classes[entry["node_class"]]["name"],
            },
            "requirements": requirements(entry),
            "taints": entry.get("taints") or [],
            "expireAfter": entry.get("expire_after") or "720h",
        },
    }
    disruption = {
        "consolidationPolicy": entry.get("consolidation_policy") or "WhenEmptyOrUnderutilized",
        "consolidateAfter": entry.get("consolidate_after") or "20m",
        "budgets": entry.get("budgets") or [{"nodes": "100%"}],
    }
    spec = {"template": template, "disruption": disruption}
    if entry.get("limits"):
        spec["limits"] = {name: str(value) for name, value in entry["limits"].items()}
    if entry.get("weight"):
        spec["weight"] = entry["weight"]
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": entry["name"]},
        "spec": spec,
    }


def requirements(entry: dict) -> list[dict]:
    """What instances of a pool may be, in the order of REQUIREMENTS."""
    values = {option: entry.get(option) or DEFAULTS.get(option) for option in REQUIREMENTS}
    found = [
        {"key": REQUIREMENTS[option], "operator": "In", "values": [str(one) for one in wanted]}
        for option, wanted in values.items()
        if wanted
    ]
    if entry.get("generation_above") is not None:
        found.append({"key": GENERATION, "operator": "Gt", "values": [str(entry["generation_above"])]})
    return found


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"karpenter_node_pools": karpenter_node_pools}
