# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars
from ansible_collections.piksel.platform.plugins.module_utils.errors import FindingsError
from ansible_collections.piksel.platform.plugins.plugin_utils import inventory_check, inventory_scan

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
COLLECTION = "piksel.platform."
CALLS = ("ansible.builtin.import_role", "ansible.builtin.include_role")
ARGUMENTS = {
    "spec": {"type": "path", "required": True},
    "stages": {"type": "list", "elements": "path", "default": []},
    "accounts": {"type": "list", "elements": "str"},
}


class ActionModule(ActionBase):
    """inventory_check: only the controller sees every variable of a host, so there is no module behind it."""

    _supports_check_mode = True
    _requires_connection = False
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        """Check this host's variables and return the findings, or fail with all of them."""
        result = super().run(tmp, task_vars)
        _unused, arguments = self.validate_argument_spec(ARGUMENTS)
        sources = [path for path in task_vars["ansible_inventory_sources"] if pathlib.Path(path).exists()]
        spec = self._spec(pathlib.Path(arguments["spec"]))
        roles, defaults, options = self._roles(arguments["stages"])
        host = self._host({**defaults, **task_vars}, [*spec, *options])
        scan = inventory_scan.scan(sources)
        others = inventory_scan.scan(inventory_scan.siblings(sources))
        check = inventory_check.Check(host, scan, others, spec, roles, options).run(task_vars["groups"])
        findings = check.findings + inventory_check.accounts(
            arguments["accounts"], task_vars["ansible_play_hosts_all"], task_vars["groups"], self._task.check_mode
        )
        result.update(changed=False, notices=check.notices)
        if findings:
            result.update(failed=True, msg=str(findings[0] if len(findings) == 1 else FindingsError(findings)))
        return result

    def _spec(self, path):
        """The specification: that of a file, or those of all files of a directory together."""
        files = sorted(path.glob("*.yml")) if path.is_dir() else [path]
        return {key: option for file in files for key, option in _plain(self._read(file))["inventory_spec"].items()}

    def _host(self, variables, names):
        """Evaluate ``names`` for this host, each on its own: one that fails must not hide the others."""
        # A value takes the place of its template, so that what is made of it does not evaluate it again.
        known = dict(variables)
        templar = self._templar.copy_with_new_env(available_variables=known)
        values, failed = {}, {}
        for name in _in_order(names, variables):
            try:
                known[name] = templar.template(variables[name])
                values[name] = _plain(known[name])
            except AnsibleError as error:
                failed[name] = str(error.message).strip()
        return inventory_check.Host(
            name=variables["inventory_hostname"],
            groups=list(variables["group_names"]),
            values=values,
            raw=variables,
            failed=failed,
            command_line=frozenset(load_extra_vars(self._loader)),
        )

    def _roles(self, stages):
        """The roles that the stages call, every role's defaults, and the names of all roles' inputs."""
        handed: dict[str, set] = {}
        for stage in stages:
            for play in self._read(stage):
                for call in _calls(play.get("tasks", [])):
                    handed.setdefault(call["role"], set()).update(call["vars"])
        roles, defaults, known = [], {}, []
        for folder in sorted(path for path in ROLES.iterdir() if (path / "meta" / "argument_specs.yml").is_file()):
            options = {}
            for entry in _plain(self._read(folder / "meta" / "argument_specs.yml"))["argument_specs"].values():
                options.update(entry.get("options", {}))
            known += options
            if (folder / "defaults" / "main.yml").is_file():
                defaults.update(self._read(folder / "defaults" / "main.yml") or {})
            if folder.name in handed:
                roles.append(inventory_check.Role(folder.name, options, frozenset(handed[folder.name])))
        return roles, defaults, known

    def _read(self, path):
        # Nobody changes what was read, so it need not be copied out of the loader's cache.
        return self._loader.load_from_file(str(path), unsafe=True, trusted_as_template=True)


def _plain(data):
    """Data without Ansible's tags, which make each of the many copies that a validation makes expensive."""
    return json.loads(json.dumps(data, default=str))


def _in_order(names, variables):
    """The names that are set, each after those of them that its templates name."""
    wanted, seen, ordered = set(names), set(), []

    def visit(name):
        if name in seen or name not in variables:
            return
        seen.add(name)
        for word in sorted(inventory_scan.words(variables[name])):
            visit(word)
        if name in wanted:
            ordered.append(name)

    for name in names:
        visit(name)
    return ordered


def _calls(tasks):
    """Every call of one of the collection's roles in a list of tasks: its name and the inputs that stand beside it."""
    for task in tasks:
        for part in ("block", "rescue", "always"):
            yield from _calls(task.get(part, []))
        for call in CALLS:
            name = task.get(call, {}).get("name", "")
            if name.startswith(COLLECTION):
                yield {"role": name.removeprefix(COLLECTION), "vars": set(task.get("vars", {}))}
