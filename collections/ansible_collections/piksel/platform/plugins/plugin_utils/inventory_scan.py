# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where each variable of an inventory is defined: file and line, read from the YAML files without evaluating them."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import typing as t

import yaml
from ansible.inventory.manager import IGNORED

YAML_SUFFIXES = (".yml", ".yaml", ".json")
_IDENTIFIER = re.compile(r"\b[a-z_][a-z0-9_]*\b")
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclasses.dataclass(frozen=True)
class Place:
    """A line of a file, counted from one; line 0 is the file as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        """Return ``file:line``, the file relative to the working directory where it lies below it."""
        shown = os.path.relpath(self.file)
        shown = self.file if shown.startswith("..") else shown
        return f"{shown}:{self.line}" if self.line else shown


@dataclasses.dataclass(frozen=True)
class Definition:
    """One variable at one place. ``scope`` is ``group:<name>`` or ``host:<name>``; ``node`` is the YAML node of the
    value."""

    name: str
    place: Place
    scope: str
    inventory: str
    node: yaml.Node

    @property
    def constant(self) -> t.Any:
        """The value where it is a scalar without a template, else None. Scalars stay the text that stands in the
        file."""
        if isinstance(self.node, yaml.ScalarNode) and "{{" not in self.node.value:
            return None if self.node.tag == "tag:yaml.org,2002:null" else self.node.value
        return None


@dataclasses.dataclass(frozen=True)
class Scan:
    """Everything that a scan found: definitions, files that are no YAML, how deep each group lies (``all`` is 0),
    and the directory of each group that has one."""

    definitions: list[Definition]
    broken: list[tuple[Place, str]]
    depths: dict[str, int]
    folders: dict[str, str]

    def of_host(self, groups: t.Iterable[str], host: str) -> list[Definition]:
        """Return the definitions that reach a host of these groups; the last one of a name is the one that counts."""
        rank = {f"group:{name}": self.depths.get(name, 1) for name in groups} | {"group:all": 0, f"host:{host}": 1000}
        return sorted((one for one in self.definitions if one.scope in rank), key=lambda one: rank[one.scope])


def scan(inventories: t.Iterable[str]) -> Scan:
    """Read the YAML files of inventories (directories, or files whose directory holds ``group_vars``).

    Files of other formats are left alone: Ansible's own plugins read them.
    """
    found: list[Definition] = []
    broken: list[tuple[Place, str]] = []
    depths: dict[str, int] = {}
    folders: dict[str, str] = {}
    seen: set[str] = set()
    for inventory in inventories:
        root = pathlib.Path(inventory).resolve()
        folder = root if root.is_dir() else root.parent
        folders.update({entry.name: str(entry) for entry in folder.glob("group_vars/*") if entry.is_dir()})
        hosts = [root] if root.is_file() else sorted(path for path in folder.iterdir() if _is_read(path))
        for path, scope in [(path, None) for path in hosts] + list(_variable_files(folder)):
            real = str(path.resolve())
            if real in seen or (scope is None and path.suffix not in YAML_SUFFIXES):
                continue
            seen.add(real)
            try:
                node = yaml.compose(path.read_text(encoding="utf-8"), Loader=Loader)
            except (yaml.YAMLError, UnicodeDecodeError) as error:
                mark = getattr(error, "problem_mark", None)
                broken.append(
                    (Place(real, mark.line + 1 if mark else 0), getattr(error, "problem", None) or str(error))
                )
                continue
            if scope is None:
                found += _inventory_variables(node, real, str(folder), depths)
            else:
                found += _mapping(node, real, scope, str(folder))
    return Scan(found, broken, depths, folders)


def _is_read(path: pathlib.Path) -> bool:
    """Tell whether Ansible reads this file of an inventory directory: no backup, nothing that its settings ignore."""
    return path.is_file() and not IGNORED.search(os.fsencode(path.name))


def siblings(inventories: t.Iterable[str]) -> list[str]:
    """Return the inventory directories that lie beside the given ones, those included: the other accounts of the
    project."""
    result: dict[str, None] = {}
    for inventory in inventories:
        root = pathlib.Path(inventory).resolve()
        folder = root if root.is_dir() else root.parent
        beside = [
            path for path in sorted(folder.parent.iterdir()) if (path / "group_vars").is_dir() and _has_hosts(path)
        ]
        result.update({str(path): None for path in [folder, *beside]})
    return list(result)


def place_of(node: yaml.Node, path: t.Iterable[str], place: Place) -> Place:
    """Return where ``path`` (keys of mappings, numbers of list items) leads below a value's node, or the last place on
    the way that exists."""
    for key in path:
        if isinstance(node, yaml.SequenceNode) and key.isdecimal() and int(key) < len(node.value):
            node = node.value[int(key)]
            place = Place(place.file, node.start_mark.line + 1)
            continue
        if not isinstance(node, yaml.MappingNode):
            break
        for key_node, value_node in node.value:
            if key_node.value == key:
                place, node = Place(place.file, key_node.start_mark.line + 1), value_node
                break
        else:
            break
    return place


def leaf_of(node: yaml.Node, path: t.Iterable[str]) -> str | None:
    """Return the text of the scalar at which ``path`` ends below a value's node, None where it ends elsewhere."""
    for key in path:
        if not isinstance(node, yaml.MappingNode):
            break
        node = next((value for name, value in node.value if name.value == key), None)
    return node.value if isinstance(node, yaml.ScalarNode) else None


def duplicates(one: Definition) -> list[tuple[str, Place]]:
    """Return the keys that stand twice in one mapping below a definition; YAML keeps the last and says nothing."""
    result: list[tuple[str, Place]] = []
    todo = [one.node]
    while todo:
        node = todo.pop()
        if isinstance(node, yaml.SequenceNode):
            todo += node.value
        elif isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for key_node, value_node in node.value:
                if str(key_node.value) in names:
                    result.append((str(key_node.value), Place(one.place.file, key_node.start_mark.line + 1)))
                names.add(str(key_node.value))
                todo.append(value_node)
    return result


def words(value: t.Any) -> set[str]:
    """Every word in the templates of a raw value that may name a variable."""
    if isinstance(value, str):
        return set(_IDENTIFIER.findall(value)) if "{{" in value or "{%" in value else set()
    if isinstance(value, dict):
        return set().union(*map(words, value.values()), *map(words, value.keys()))
    return set().union(*map(words, value)) if isinstance(value, list) else set()


def _has_hosts(folder: pathlib.Path) -> bool:
    return any((folder / f"hosts{suffix}").is_file() for suffix in YAML_SUFFIXES)


def _variable_files(folder: pathlib.Path) -> t.Iterator[tuple[pathlib.Path, str]]:
    for kind, word in (("group_vars", "group"), ("host_vars", "host")):
        base = folder / kind
        for entry in sorted(base.iterdir()) if base.is_dir() else []:
            if entry.is_dir():
                for path in sorted(entry.rglob("*")):
                    if path.is_file() and path.suffix in (*YAML_SUFFIXES, "") and not path.name.startswith("."):
                        yield path, f"{word}:{entry.name}"
            elif entry.suffix in (*YAML_SUFFIXES, ""):
                yield entry, f"{word}:{entry.stem if entry.suffix else entry.name}"


def _mapping(node: yaml.Node | None, file: str, scope: str, inventory: str) -> list[Definition]:
    if not isinstance(node, yaml.MappingNode):
        return []
    return [
        Definition(str(key.value), Place(file, key.start_mark.line + 1), scope, inventory, value)
        for key, value in node.value
    ]


def _inventory_variables(node: yaml.Node | None, file: str, inventory: str, depths: dict[str, int]) -> list[Definition]:
    """Variables that stand inside an inventory file: ``vars`` of groups and the mappings below ``hosts``. Fills
    ``depths``."""
    result: list[Definition] = []
    groups = [(name, group, 0 if name == "all" else 1) for name, group in _children(node)]
    while groups:
        name, group, depth = groups.pop(0)
        depths[name] = max(depth, depths.get(name, 0))
        parts = dict(_children(group))
        result += _mapping(parts.get("vars"), file, f"group:{name}", inventory)
        for host, variables in _children(parts.get("hosts")):
            result += _mapping(variables, file, f"host:{host}", inventory)
        groups += [(child, below, depth + 1) for child, below in _children(parts.get("children"))]
    return result


def _children(node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    return [(str(key.value), value) for key, value in node.value] if isinstance(node, yaml.MappingNode) else []
