# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the variables of a host, all of it at once, each with the file and line to change. Pure: no
call, no template."""

from __future__ import annotations

import dataclasses
import difflib
import ipaddress
import os
import re
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.plugin_utils.catalogue import RULES
from ansible_collections.piksel.platform.plugins.plugin_utils.inventory_scan import (
    Definition,
    Place,
    Scan,
    duplicates,
    leaf_of,
    place_of,
    words,
)

COMMAND_LINE = "the command line (-e)"
# What an entry of the inventory spec may say beyond a role's argument spec.
OWN_KEYS = frozenset({"pattern", "format", "disjoint", "leaves_out", "entries", "unique", "description"})
_UNSUPPORTED = ". Supported parameters include: "


@dataclasses.dataclass(frozen=True)
class Host:
    """What is known of a host. ``values`` are evaluated, ``raw`` are as written, ``failed`` says why one cannot be
    evaluated."""

    name: str
    groups: list[str]
    values: dict[str, t.Any]
    raw: dict[str, t.Any]
    failed: dict[str, str]
    command_line: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Role:
    """One entry point of a role as a stage calls it: its options, and the inputs that the stage hands over at run
    time."""

    name: str
    options: dict[str, dict]
    handed: frozenset[str] = frozenset()


class Check:
    """The findings of one host. ``findings`` are PlatformError, ``notices`` say what is left out because a key is
    null."""

    def __init__(
        self,
        host: Host,
        scan: Scan,
        others: Scan,
        spec: dict[str, dict],
        roles: list[Role],
        options: t.Iterable[str] = (),
    ):
        """``others`` is a scan of all accounts, ``options`` are further known names (inputs of roles that no
        stage calls)."""
        self.host, self.scan, self.others, self.spec, self.roles = host, scan, others, spec, roles
        self.known = set(spec) | set(options) | {name for role in roles for name in role.options}
        self.definitions = scan.of_host(host.groups, host.name)
        self.last = {one.name: one for one in self.definitions}
        self.findings: list[PlatformError] = []
        self.notices: list[str] = []
        self._blamed: set[str] = set()

    def run(self, groups: t.Iterable[str]) -> Check:
        """Do every check; ``groups`` are all groups of the inventory."""
        self.files(groups)
        self.names()
        # What cannot be evaluated comes last: most often a key that it is made from is wrong, and is told already.
        for name in sorted(self.spec, key=self.host.failed.__contains__):
            self.key(name, self.spec[name])
        for role in self.roles:
            for name, option in role.options.items():
                if name not in role.handed:
                    self.role_input(role, name, option)
        # What is of the wrong type is told already, and would mislead the rules; one catalogue does not hide another.
        wrong = frozenset(self._blamed)
        for name in dict.fromkeys(name for role in self.roles for name in role.options if name not in role.handed):
            self.catalogue(name, wrong)
        self.disjoint()
        return self

    def files(self, groups: t.Iterable[str]) -> None:
        """Files that are no YAML, keys that stand twice, directories of groups that do not exist."""
        for place, problem in self.scan.broken:
            self._find(place, None, f"this is no valid YAML: {problem}")
        for one in self.definitions:
            for key, place in duplicates(one):
                self._find(place, one.name, f"the key {key} stands twice, only the last one counts")
        for first, second in zip(self.definitions, self.definitions[1:], strict=False):
            if (first.name, first.place.file) == (second.name, second.place.file):
                self._find(
                    second.place, first.name, f"is set in line {first.place.line} already, only the last one counts"
                )
        known = {"all", *groups}
        for one in {d.scope: d for d in self.scan.definitions if d.scope.startswith("group:")}.values():
            name = one.scope.partition(":")[2]
            if name not in known:
                self._find(Place(one.place.file), None, f"no host is in a group {name}", self._nearest(name, known))

    def names(self) -> None:
        """Keys that no spec knows."""
        unknown = [(one.place, one.name) for one in self.definitions if not self._is_known(one.name)]
        unknown += [(Place(COMMAND_LINE), name) for name in sorted(self.host.command_line) if not self._is_known(name)]
        for place, name in unknown:
            self._find(place, name, "unknown key", self._nearest(name, self.known))

    def key(self, name: str, spec: dict) -> None:
        """One key of the inventory against its spec."""
        host = self.host
        if name in host.failed:
            if not self._sources(name) & self._blamed:
                self._find(self.place(name), name, f"cannot be evaluated: {host.failed[name]}")
        elif host.values.get(name) is None:
            if spec.get("required"):
                state = "is null" if name in host.values else "is not set"
                self._find(self.place(name), name, f"{state}, and every run needs it", f"Set {name} there.")
            elif spec.get("leaves_out"):
                self.notices.append(f"{self.place(name)}: {name} is not set, which leaves out {spec['leaves_out']}.")
        else:
            self._value(name, spec, host.values[name])

    def role_input(self, role: Role, name: str, option: dict) -> None:
        """One input of a role, blamed on the key of the inventory that it comes from."""
        sources = self._sources(name)
        if sources & self._blamed or sources & role.handed:
            return
        keys = sorted(sources & set(self.spec))
        where = f"input {name} of role {role.name}"
        if name in self.host.failed:
            self._find(self.place(name), name, f"cannot be evaluated: {self.host.failed[name]}")
        elif self.host.values.get(name) is None:
            if option.get("required"):
                empty = [key for key in keys if self.host.values.get(key) is None] or [name]
                for key in empty:
                    self._find(self.place(key), key, f"is not set, and the {where} needs it", f"Set {key} there.")
        else:
            for message, path in validate(name, option, self.host.values[name]):
                blame = keys[0] if len(keys) == 1 and keys[0] in self.last else name
                self._find(self._below(blame, path), blame, message if blame == name else f"{message} ({where})")

    def catalogue(self, name: str, wrong: frozenset[str]) -> None:
        """What the entries of a catalogue may not say, beyond their types; ``wrong`` keys are not looked at."""
        if name not in RULES or self.host.values.get(name) is None or self._sources(name) & wrong:
            return
        keys = [key for key in sorted(self._sources(name)) if key in self.spec and self.host.values.get(key)]
        for problem in list(RULES[name](self.host.values[name], self.host.values)):
            # The key of the inventory that says it, else the input itself.
            saying = [key for key in keys if _depth(self.host.values[key], problem.path)]
            blame = max(saying, key=lambda key: self._says(key, problem.path), default=name)
            label = ".".join([blame, *problem.path])
            self._find(self._below(blame, problem.path), label, problem.message, problem.advice)

    def _says(self, key: str, path: list[str]) -> tuple[bool, int, str]:
        """How much a key of the inventory is to blame for what a path leads to; the greatest is blamed.

        What is written out there comes before what a template takes from another key; of two that have such an entry,
        what overrides comes later.
        """
        one = self.last.get(key)
        literal = leaf_of(one.node, path) if one else None
        return literal is not None and "{{" not in literal, _depth(self.host.values[key], path), key

    def disjoint(self) -> None:
        """Networks that overlap with those of other accounts or with each other: keys marked ``disjoint``."""
        mine = {
            name: self._network(self.host.values.get(name)) for name, spec in self.spec.items() if spec.get("disjoint")
        }
        scopes = {f"group:{name}" for name in ("all", *self.host.groups)} | {f"host:{self.host.name}"}
        rivals = [
            (f"{one.name} in {one.place}", one.name, self._network(one.constant))
            for one in self.others.definitions
            if one.name in mine and one.scope not in scopes
        ]
        names = sorted(mine)
        for name in names:
            near = [(f"{other} in {self.place(other)}", other, mine[other]) for other in names if other < name]
            for label, _unused, network in near + rivals:
                if mine[name] is not None and network is not None and mine[name].overlaps(network):
                    self._find(
                        self.place(name),
                        name,
                        f"{mine[name]} overlaps {network}, which is {label}",
                        "Networks of the accounts and the hub are routed to each other: give each its own range.",
                    )

    def place(self, name: str) -> Place:
        """Where a variable is set, or where it would be set: where another account sets it, under this host's
        directory."""
        if name in self.host.command_line:
            return Place(COMMAND_LINE)
        if name in self.last:
            return self.last[name].place
        return Place(self._usual_file(name))

    def _usual_file(self, name: str) -> str:
        groups = sorted(self.host.groups, key=lambda group: self.scan.depths.get(group, 1))
        folder = next(
            (self.scan.folders[group] for group in reversed(groups) if group in self.scan.folders), "group_vars"
        )
        like = next((one.place.file for one in self.others.definitions if one.name == name), None)
        return os.path.join(folder, os.path.basename(like) if like else f"{name.partition('_')[2] or name}.yml")

    def _value(self, name: str, spec: dict, value: t.Any) -> None:
        before = len(self.findings)
        for message, path in validate(name, bare(spec), value):
            self._find(self._below(name, path), name, message)
        if spec.get("entries") and isinstance(value, dict):
            self._entries(name, spec, value)
        if len(self.findings) > before:
            return
        self._form(name, [], spec, value)

    def _entries(self, name: str, spec: dict, value: dict) -> None:
        """Each value of a catalogue by the options of its entries, and what no two of them may share."""
        options = {option: bare(rules) for option, rules in spec["entries"].items()}
        seen: dict[tuple, str] = {}
        for key, entry in value.items():
            problems = validate(f"{name}.{key}", {"type": "dict", "options": options}, entry)
            for message, path in problems:
                self._find(self._below(name, [str(key), *path]), f"{name}.{key}", message)
            if problems or not isinstance(entry, dict):
                continue
            for option, rules in spec["entries"].items():
                if entry.get(option) is not None:
                    self._form(name, [str(key), option], rules, entry[option])
            for option in spec.get("unique", ()):
                first = seen.setdefault((option, entry.get(option)), key)
                if first != key:
                    place = self._below(name, [str(key), option])
                    self._find(
                        place, f"{name}.{key}", f"{option} is {entry.get(option)}, as that of {first} is already"
                    )

    def _form(self, name: str, path: list[str], spec: dict, value: t.Any) -> None:
        """Pattern and format of a value, or of each element of a list; ``path`` leads there below the key."""
        label, place = ".".join([name, *path]), self._below(name, path)
        for one in value if isinstance(value, list) else [value]:
            if spec.get("pattern") and not re.fullmatch(spec["pattern"], str(one)):
                self._find(place, label, f"{one!s} is not of the form {spec['pattern']}", self._quoting(name, one))
            if spec.get("format") == "cidr" and self._network(one) is None:
                self._find(place, label, f"{one!s} is no network in CIDR notation, or has host bits set")

    def _quoting(self, name: str, value: t.Any) -> str | None:
        written = self.last[name].node if name in self.last and name not in self.host.command_line else None
        if isinstance(value, float) or (written is not None and written.tag.endswith(":float")):
            return "Quote it: YAML reads an unquoted number and drops its last zero."
        return None

    def _sources(self, name: str) -> set[str]:
        """Every variable that the value of ``name`` is made from, itself included."""
        found: set[str] = set()
        todo = [name]
        while todo:
            one = todo.pop()
            if one not in found:
                found.add(one)
                todo += [word for word in words(self.host.raw.get(one)) if word in self.host.raw or word in self.known]
        return found

    def _is_known(self, name: str) -> bool:
        return name in self.known or name.startswith("ansible_")

    def _nearest(self, name: str, known: t.Iterable[str]) -> str | None:
        near = difflib.get_close_matches(name, known, 1)
        return f"Did you mean {near[0]}?" if near else None

    def _below(self, name: str, path: list[str]) -> Place:
        place = self.place(name)
        one: Definition | None = self.last.get(name)
        return place_of(one.node, path, place) if one and place == one.place else place

    @staticmethod
    def _network(value: t.Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
        try:
            return ipaddress.ip_network(value) if isinstance(value, str) and "/" in value else None
        except ValueError:
            return None

    def _find(self, place: Place, name: str | None, message: str, advice: str | None = None) -> None:
        if name:
            self._blamed.add(name.partition(".")[0])
        self.findings.append(PlatformError(message, subject=f"{place}: {name}" if name else str(place), advice=advice))


def validate(name: str, option: dict, value: t.Any) -> list[tuple[str, list[str]]]:
    """Return what Ansible's own argument spec finds wrong with one value: messages, each with the path of keys below
    it.

    https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_reuse_roles.html#role-argument-validation
    """
    option = {key: part for key, part in option.items() if key != "default"}
    result = []
    for error in ArgumentSpecValidator({name: option}).validate({name: value}).errors:
        message = str(error)
        if isinstance(error, UnsupportedError):
            names, _unused, supported = message.partition(_UNSUPPORTED)
            for one in names.split(", "):
                path = one.removeprefix(f"{name}.").split(".")
                near = difflib.get_close_matches(path[-1], supported.rstrip(".").split(", "), 1)
                hint = f"did you mean {near[0]}?" if near else f"known are {supported}"
                result.append((f"unknown key {'.'.join(path)}; {hint}", path))
        else:
            result.append((message, []))
    return result


def bare(spec: dict) -> dict:
    """Return an entry of the inventory spec without what Ansible's argument specs do not know."""
    result = {key: value for key, value in spec.items() if key not in OWN_KEYS}
    if "options" in result:
        result["options"] = {name: bare(option) for name, option in result["options"].items()}
    return result


def accounts(
    asked: list[str] | None, hosts: list[str], groups: dict[str, list[str]], check_mode: bool
) -> list[PlatformError]:
    """Whether a run may touch all its hosts: a check always, a converge of several only when each was named.

    ``asked`` are names of groups or hosts, ``hosts`` those of the run, ``groups`` maps each group to its hosts.
    """
    findings = []
    named: set[str] = set()
    for word in asked or []:
        members = groups.get(word) or ([word] if word in hosts else [])
        named.update(members)
        if not members:
            known = ", ".join(sorted(name for name in groups if name not in ("all", "ungrouped")))
            findings.append(
                PlatformError(
                    f"no account is called {word}", subject="piksel_accounts", advice=f"This run knows {known}."
                )
            )
    missing = [host for host in hosts if host not in named]
    if missing and asked:
        findings.append(
            PlatformError(
                f"the run also reaches {', '.join(missing)}",
                subject="piksel_accounts",
                advice="Name that account too, or leave its inventory out.",
            )
        )
    elif missing and not check_mode and len(hosts) > 1:
        words = ",".join(dict.fromkeys(_narrowest(host, groups) for host in hosts))
        findings.append(
            PlatformError(
                f"this run would converge {len(hosts)} accounts at once: {', '.join(hosts)}",
                subject="piksel_accounts",
                advice="Promotion goes one account after the other; to do them together, ask for it: "
                f"-e piksel_accounts={words}",
            )
        )
    return findings


def _narrowest(host: str, groups: dict[str, list[str]]) -> str:
    return min(
        (name for name, hosts in groups.items() if host in hosts),
        key=lambda name: (len(groups[name]), name),
        default=host,
    )


def _depth(value: t.Any, path: list[str]) -> int:
    """How many steps of a path lead somewhere in a value."""
    for steps, key in enumerate(path):
        if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return steps
    return len(path)
