# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the catalogues of node classes and node pools may not say. Pure: no call."""

from __future__ import annotations

import difflib
import re
import typing as t

from ansible_collections.piksel.platform.plugins.filter import karpenter_node_pools
from ansible_collections.piksel.platform.plugins.plugin_utils.problem import Problem

CLASS_FIELDS = (
    *("name", "enabled", "volume_size_gib", "volume_kms_key_id", "ami_alias", "ami_name", "subnet_tags", "public"),
    "tags",
)
POOL_FIELDS = (
    *("name", "enabled", "node_class", *karpenter_node_pools.REQUIREMENTS, "generation_above", "labels", "taints"),
    *("limits", "consolidation_policy", "consolidate_after", "expire_after", "budgets", "weight"),
)
# Where a wrong field of a pool is expected to be found.
MOVED = {"expireAfter": "expire_after", "disruption": "consolidation_policy, consolidate_after, expire_after, budgets"}
CAPACITY_TYPES = ("on-demand", "spot", "reserved")
POLICIES = ("WhenEmpty", "WhenEmptyOrUnderutilized")
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
# A resource of Kubernetes that Karpenter counts, or one of a device plugin, which has a domain.
LIMIT = re.compile(r"cpu|memory|ephemeral-storage|pods|nodes|[a-z0-9.-]+\.[a-z]+/[A-Za-z0-9._-]+")
DURATION = re.compile(r"(\d+[smh])+|Never")
# Labels that Karpenter keeps for itself. https://karpenter.sh/docs/concepts/scheduling/#well-known-labels
RESERVED_LABELS = ("karpenter.sh/", "karpenter.k8s.aws/", "kubernetes.io/", "k8s.io/")
PINNED = re.compile(r"[a-z0-9]+@v\d{8}")
Catalogue = dict[str, t.Any]


def node_classes(catalogue: Catalogue, values: Catalogue) -> t.Iterator[Problem]:
    """Everything that is wrong with a catalogue of node classes, logical key to entry."""
    yield from _names(catalogue)
    for key, entry in _enabled(catalogue):
        yield from _fields(key, entry, CLASS_FIELDS)
        size = entry.get("volume_size_gib")
        if not isinstance(size, int) or not 1 <= size <= 16384:
            yield Problem([key, "volume_size_gib"], f"a volume has 1 to 16384 GiB, not {size}")
        name, version = entry.get("ami_name"), str(values.get("karpenter_kubernetes_version") or "")
        if name and version and f"-{version}-" not in str(name):
            yield Problem([key, "ami_name"], f"image {name} is not for Kubernetes {version}", "Choose one that is.")
        if entry.get("ami_alias"):
            yield from ami_alias([key, "ami_alias"], str(entry["ami_alias"]), values)


def alias(value: str, values: Catalogue) -> t.Iterator[Problem]:
    """Everything that is wrong with the image of all classes."""
    yield from ami_alias([], str(value), values)


def ami_alias(path: list[str], value: str, values: Catalogue) -> t.Iterator[Problem]:
    """A moving image lets nodes be replaced on a day that nobody chose."""
    if not PINNED.fullmatch(value) and not values.get("karpenter_moving_image_allowed"):
        yield Problem(path, f"{value} names no fixed image", "Pin a version, such as al2023@v20260403.")


def node_pools(catalogue: Catalogue, values: Catalogue) -> t.Iterator[Problem]:
    """Everything that is wrong with a catalogue of node pools; node classes are another input."""
    classes = dict(_enabled(values.get("karpenter_node_classes") or {}))
    yield from _names(catalogue)
    for key, entry in _enabled(catalogue):
        yield from _fields(key, entry, POOL_FIELDS)
        if entry.get("node_class") not in classes:
            known = ", ".join(sorted(classes))
            message = f"no node class has the key {entry.get('node_class')}"
            yield Problem([key, "node_class"], message, f"There are {known}.")
        if not any(entry.get(option) for option in ("instance_categories", "instance_families", "instance_types")):
            yield Problem([key], "says nothing about instances: instance_categories, instance_families, instance_types")
        yield from _limits(key, entry)
        yield from _taints(key, entry)
        yield from _choices(key, entry)


def _fields(key, entry, known):
    for name in entry:
        if name not in known:
            near = MOVED.get(name) or next(iter(difflib.get_close_matches(name, known, 1)), None)
            yield Problem([key, name], f"nobody knows a field {name}", f"Did you mean {near}?" if near else None)


def _names(catalogue):
    seen: dict[str, str] = {}
    for key, entry in _enabled(catalogue):
        name = str(entry.get("name", ""))
        if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name):
            yield Problem([key, "name"], f"{name!r} is no name that Kubernetes takes")
        first = seen.setdefault(name, key)
        if first != key:
            yield Problem([key, "name"], f"{name} is the name of {first} already", "Give each its own.")


def _limits(key, entry):
    for resource in entry.get("limits") or {}:
        if not LIMIT.fullmatch(str(resource)):
            advice = "GPUs are counted as nvidia.com/gpu." if resource == "gpu" else None
            yield Problem([key, "limits", str(resource)], f"{resource} limits nothing: no node has it", advice)


def _taints(key, entry):
    for number, taint in enumerate(entry.get("taints") or []):
        if not isinstance(taint, dict) or not taint.get("key") or taint.get("effect") not in EFFECTS:
            yield Problem([key, "taints", str(number)], f"a taint has a key and an effect ({', '.join(EFFECTS)})")
    for label in entry.get("labels") or {}:
        if str(label).startswith(RESERVED_LABELS):
            yield Problem([key, "labels", str(label)], f"label {label} is not free to be set")


def _choices(key, entry):
    for one in entry.get("capacity_types") or []:
        if one not in CAPACITY_TYPES:
            yield Problem([key, "capacity_types"], f"{one} is no capacity type ({', '.join(CAPACITY_TYPES)} are)")
    policy = entry.get("consolidation_policy")
    if policy and policy not in POLICIES:
        yield Problem([key, "consolidation_policy"], f"{policy} is no policy ({', '.join(POLICIES)} are)")
    for option in ("consolidate_after", "expire_after"):
        value = entry.get(option)
        if value and not DURATION.fullmatch(str(value)):
            yield Problem([key, option], f"{value} is no time, such as 20m or 720h, nor Never")


def _enabled(catalogue):
    return [(key, entry) for key, entry in catalogue.items() if isinstance(entry, dict) and entry.get("enabled", True)]


RULES = {
    "karpenter_node_classes": node_classes,
    "karpenter_node_pools": node_pools,
    "karpenter_ami_alias": alias,
}
