"""The collection as a package: it builds, its documentation renders, and its parts name each other rightly."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

import pytest
import yaml

from static.tree import BIN, COLLECTION, ROOT, ended

MODULES = sorted(path.stem for path in (COLLECTION / "plugins/modules").glob("*.py"))
ROLES = sorted(path.name for path in (COLLECTION / "roles").iterdir() if path.is_dir())


def load(path: Path) -> dict:
    """A YAML file of the collection, {} when it is empty."""
    return yaml.safe_load(path.read_text()) or {}


def environment() -> dict[str, str]:
    """antsibull-docs starts `ansible` by name."""
    return dict(os.environ, PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}", ANSIBLE_NOCOLOR="1")


def test_galaxy_build_holds_what_a_user_needs(tmp_path: Path) -> None:
    copy = tmp_path / "platform"
    shutil.copytree(COLLECTION, copy, ignore=shutil.ignore_patterns("__pycache__", "output"))
    code, output = ended([BIN / "ansible-galaxy", "collection", "build", "--output-path", tmp_path, copy])
    assert code == 0, output
    (archive,) = tmp_path.glob("piksel-platform-*.tar.gz")
    with tarfile.open(archive) as package:
        names = set(package.getnames())
    wanted = {"MANIFEST.json", "README.md", "LICENSE", "meta/runtime.yml"}
    wanted |= {f"plugins/modules/{name}.py" for name in MODULES} | {f"roles/{name}/README.md" for name in ROLES}
    assert wanted <= names, wanted - names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_documentation_renders() -> None:
    command = [BIN / "antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=all"]
    code, output = ended([*command, "--disallow-unknown-collection-refs", COLLECTION], env=environment())
    assert code == 0, output


def test_changelog_fragments() -> None:
    code, output = ended([BIN / "antsibull-changelog", "lint"], cwd=COLLECTION)
    assert code == 0, output


def test_each_module_has_an_action_of_its_name() -> None:
    actions = sorted(path.stem for path in (COLLECTION / "plugins/action").glob("*.py"))
    assert actions == MODULES


def test_action_groups_name_every_module() -> None:
    groups = load(COLLECTION / "meta/runtime.yml")["action_groups"]
    named = {name for group in groups.values() for name in group if isinstance(name, str)}
    assert named == set(MODULES)
    taking_connection = {
        path.stem
        for path in (COLLECTION / "plugins/modules").glob("*.py")
        if "piksel.platform.aws" in path.read_text().split("EXAMPLES")[0]
    }
    assert set(groups["aws"]) == taking_connection


@pytest.mark.parametrize("role", ROLES)
def test_role_is_complete(role: str) -> None:
    """README, argument specs, tasks; and no input that only one of defaults and specs knows."""
    folder = COLLECTION / "roles" / role
    assert (folder / "README.md").is_file()
    assert list((folder / "tasks").glob("*.yml"))
    specs = load(folder / "meta/argument_specs.yml")["argument_specs"]
    options = {name: option for spec in specs.values() for name, option in spec.get("options", {}).items()}
    main = folder / "defaults/main.yml"
    defaults = load(main) if main.is_file() else {}
    assert all(name.startswith(f"{role}_") for name in options), sorted(options)
    assert set(defaults) <= set(options), f"defaults that no spec names: {sorted(set(defaults) - set(options))}"
    without = {name for name, option in options.items() if name not in defaults and not option.get("required")}
    assert not without, f"neither required nor with a default: {sorted(without)}"


@pytest.mark.parametrize("role", ROLES)
def test_role_defaults_equal_those_of_its_specs(role: str) -> None:
    folder = COLLECTION / "roles" / role
    main = folder / "defaults/main.yml"
    defaults = load(main) if main.is_file() else {}
    for entry in load(folder / "meta/argument_specs.yml")["argument_specs"].values():
        for name, option in entry.get("options", {}).items():
            # A default that reads another variable is said in words in the spec; a plain one must be the same.
            if name in defaults and not (isinstance(defaults[name], str) and "{{" in defaults[name]):
                assert option.get("default") == defaults[name], f"{name}: defaults/main.yml and the spec differ"


@pytest.mark.parametrize("module", MODULES)
def test_module_documentation_is_complete(module: str) -> None:
    """What sanity does not ask for: an example by full name, a word on check mode, every part present."""
    text = (COLLECTION / "plugins/modules" / f"{module}.py").read_text()
    for name in ("DOCUMENTATION", "EXAMPLES", "RETURN"):
        assert f"{name} = r" in text, f"{module} has no {name}"
    assert f"piksel.platform.{module}:" in text.split("EXAMPLES")[1]
    # The fragment of the connection options says what every module on AWS does in check mode.
    assert "check_mode" in text or "piksel.platform.aws" in text, f"{module} is silent about check mode"


def test_what_bounds_roles_and_encrypts_volumes_reaches_every_role_that_takes_it() -> None:
    """A role whose input nobody gives would make roles that are not bounded, and volumes under another key."""
    given = {}
    for path in (ROOT / "group_vars/all").glob("*.yml"):
        given.update(load(path))
    boundaries = [
        key
        for path in (COLLECTION / "roles").glob("*/defaults/main.yml")
        for key in load(path)
        if key.endswith("permissions_boundary")
    ]
    assert len(boundaries) >= 4
    assert {key: given.get(key) for key in boundaries} == dict.fromkeys(
        boundaries, "{{ piksel_permissions_boundary_arn }}"
    )
    for key in ("node_groups_volume_kms_key_id", "storage_classes_kms_key_id"):
        assert given.get(key) == "{{ piksel_volume_key_arn }}"
