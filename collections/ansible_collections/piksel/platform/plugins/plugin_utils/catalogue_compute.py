# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of the catalogues of add-ons, Fargate profiles and node groups: what EKS would refuse, told before any call."""

from __future__ import annotations

import re
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.piksel.platform.plugins.module_utils import arguments, eks_addons, eks_fargate, eks_nodegroups
from ansible_collections.piksel.platform.plugins.plugin_utils.problem import Problem

# https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html
MOST_SELECTORS = 5
MOST_LABELS = 5
MOST_PROFILES = 10
# https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateFargateProfile.html
_PROFILE_NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}")
_RESERVED = "eks-"
# A selector may hold wildcards in place of characters.
_NAMESPACE = re.compile(r"[a-z0-9*?]([-a-z0-9*?]{0,61}[a-z0-9*?])?")
_SIZES = ("min_size", "desired_size", "max_size")
_SWITCH = {"enabled": {"type": "bool", "default": True}}


def addons(catalogue: dict, _values: dict) -> t.Iterator[Problem]:
    """Options of each add-on."""
    yield from _options(catalogue, eks_addons.ADDON_OPTIONS, ("service_account_role_arn",))


def fargate_profiles(catalogue: dict, _values: dict) -> t.Iterator[Problem]:
    """Options, names and selectors of each profile, and what no two of them may share."""
    yield from _options(catalogue, eks_fargate.PROFILE_OPTIONS, ("pod_execution_role_arn", "subnet_ids"))
    enabled = {key: entry for key, entry in catalogue.items() if _is_map(entry) and entry.get("enabled", True)}
    yield from _shared_names(enabled)
    if len(enabled) > MOST_PROFILES:
        yield Problem([], f"it has {len(enabled)} profiles, a cluster takes {MOST_PROFILES}")
    for key, entry in enabled.items():
        name = entry.get("name")
        if isinstance(name, str) and (not _PROFILE_NAME.fullmatch(name) or name.startswith(_RESERVED)):
            yield Problem(
                [key, "name"],
                f"{name} is no name of a Fargate profile",
                f"Up to 100 letters, digits, - and _, and not {_RESERVED} at its start.",
            )
        if isinstance(entry.get("selectors"), list):
            yield from _selectors(key, entry["selectors"])


def node_groups(catalogue: dict, _values: dict) -> t.Iterator[Problem]:
    """Options and limits of each node group, and names that two of them share."""
    yield from _options(catalogue, eks_nodegroups.NODEGROUP_OPTIONS, ("node_role_arn", "subnet_ids"))
    enabled = {key: entry for key, entry in catalogue.items() if _is_map(entry) and entry.get("enabled", True)}
    yield from _shared_names(enabled)
    for key, entry in enabled.items():
        sizes = [entry.get(name, eks_nodegroups.NODEGROUP_OPTIONS[name]["default"]) for name in _SIZES]
        if all(isinstance(size, int) for size in sizes) and sizes != sorted(sizes):
            told = ", ".join(f"{name} {size}" for name, size in zip(_SIZES, sizes, strict=True))
            yield Problem([key], f"its sizes do not go up: {told}", "Let min_size <= desired_size <= max_size.")


def _selectors(key, selectors):
    if not selectors:
        yield Problem([key, "selectors"], "a profile needs a selector", "Name at least one namespace.")
    if len(selectors) > MOST_SELECTORS:
        yield Problem(
            [key, "selectors"],
            f"{len(selectors)} selectors, a profile takes {MOST_SELECTORS}",
            "Make a second profile, or use wildcards in a namespace.",
        )
    for selector in filter(_is_map, selectors):
        namespace, labels = selector.get("namespace"), selector.get("labels") or {}
        if isinstance(namespace, str) and not _NAMESPACE.fullmatch(namespace):
            yield Problem([key, "selectors"], f"{namespace!r} is no name of a namespace")
        if _is_map(labels) and len(labels) > MOST_LABELS:
            yield Problem([key, "selectors"], f"{len(labels)} labels for {namespace}, a selector takes {MOST_LABELS}")


def _shared_names(entries):
    first: dict[t.Any, str] = {}
    for key, entry in entries.items():
        name = entry.get("name")
        if name is not None and first.setdefault(name, key) != key:
            yield Problem([key, "name"], f"the name is {name}, as that of {first[name]} is already", "Give it its own.")


def _options(catalogue, options, handed):
    """What the module would refuse of each entry; ``handed`` are options that the role gives by itself."""
    spec = {name: {**rules, "required": False} if name in handed else rules for name, rules in options.items()}
    validator = ArgumentSpecValidator({**spec, **_SWITCH})
    for key, entry in catalogue.items():
        if not _is_map(entry):
            yield Problem([key], f"must be a map of options, not {type(entry).__name__}")
            continue
        given = {name: value for name, value in entry.items() if value is not None}
        for error in validator.validate(given).errors:
            yield Problem([key], arguments.told(error))


def _is_map(value):
    return isinstance(value, dict)


RULES = {
    "node_groups_catalogue": node_groups,
    "eks_addons_catalogue": addons,
    "fargate_profiles_catalogue": fargate_profiles,
}
