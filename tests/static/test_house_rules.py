"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from static.tree import ROOT, kept, relative, text_of

pytestmark = pytest.mark.lint

LONGEST = 400
# Written by tools or by others: a licence, locks of dependencies, and data as its source gives it.
NOT_OURS = re.compile(r"(^|/)(LICENSE|go\.(mod|sum)|requirements-core-[\d.]+\.txt|.*\.json)$")
# Spelled so that the rule does not find itself.
SWITCHED_OFF = (
    "no" + "qa",
    r"#\s*type:\s*" + "ignore",
    r"pytest\.(mark\.)?" + r"(skip|xfail|importorskip)",
    r"unittest\.skip",
    "skip" + "_list",
    "warn" + "_list",
    r"ignore_" + r"errors:\s*(true|yes)",
    r"failed_" + r"when:\s*(false|no)\b",
    r"pylint:\s*" + "disable",
    r"yamllint\s+" + "disable",
)
UNFINISHED = r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b|raise NotImplemented" + "Error"
MACHINE_PATHS = r"(?<![\w.$~}/-])/(wo" + r"rk|ro" + r"ot|farm|home/\w+)/"
# A registry is chosen by the machine's own settings; the names are taken apart so that this file names none either.
REGISTRIES = (
    r"(pyp"
    + r"i\.org|python"
    + r"hosted|registry\.np"
    + r"m|proxy\.gol"
    + r"ang|index-"
    + r"url|GOPROXY=h"
    + r"ttp|deb\.deb"
    + r"ian)"
)
BUILT_IN = (
    *("assert", "command", "copy", "debug", "fail", "file", "import_playbook", "import_role", "import_tasks"),
    *("include_role", "include_tasks", "meta", "set_fact", "shell", "template"),
)
OURS = [path for path in kept() if not NOT_OURS.search(relative(path))]


def found(pattern: str, paths: list[Path]) -> list[str]:
    """`path:line: text` of each match of a pattern."""
    rule = re.compile(pattern)
    hits = []
    for path in paths:
        for number, line in enumerate((text_of(path) or "").splitlines(), 1):
            if rule.search(line):
                hits.append(f"{relative(path)}:{number}: {line.strip()[:120]}")
    return hits


def test_no_file_is_long() -> None:
    lengths = {relative(path): len((text_of(path) or "").splitlines()) for path in OURS}
    assert not {name: length for name, length in lengths.items() if length > LONGEST}


@pytest.mark.parametrize("pattern", SWITCHED_OFF)
def test_no_check_is_switched_off(pattern: str) -> None:
    assert not found(pattern, [path for path in OURS if path != Path(__file__)])


def test_nothing_is_left_unfinished() -> None:
    assert not found(UNFINISHED, OURS)


def test_no_path_of_one_machine() -> None:
    assert not found(MACHINE_PATHS, OURS)


def test_no_registry_is_named() -> None:
    assert not found(REGISTRIES, [path for path in OURS if path != Path(__file__)])


def test_every_yaml_task_names_modules_in_full() -> None:
    """ansible-lint asks for it too; this also reads the files that it takes for plain YAML."""
    short = rf"^\s*-?\s*({'|'.join(BUILT_IN)}):(\s|$)"
    folders = ("playbooks", "collections", "molecule", "site.yml")
    paths = [path for path in OURS if path.suffix in {".yml", ".yaml"} and relative(path).startswith(folders)]
    tasks = [path for path in paths if "/meta/" not in relative(path) and "/vars/" not in relative(path)]
    assert not found(short, tasks)


def public_functions(path: Path) -> list[ast.FunctionDef]:
    """Public functions of a file, and public methods of its public classes where nothing is inherited.

    A method that overrides another inherits its docstring as well.
    """
    tree = ast.parse(path.read_text())
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    scopes = [tree, *(node for node in classes if not node.bases)]
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    functions = [node for scope in scopes for node in scope.body if isinstance(node, kinds)]
    return [node for node in functions if not node.name.startswith("_")]


def test_every_public_function_of_our_logic_has_a_docstring() -> None:
    parts = ("collections/ansible_collections/piksel/platform/plugins/", "sandbox/piksel_sandbox/", "tools/")
    missing = []
    for path in OURS:
        if path.suffix == ".py" and relative(path).startswith(parts):
            nodes = [node for node in public_functions(path) if not ast.get_docstring(node)]
            missing += [f"{relative(path)}:{node.lineno}: {node.name}" for node in nodes]
    assert not missing


def test_every_python_file_says_what_it_is() -> None:
    texts = {relative(path): path.read_text() for path in OURS if path.suffix == ".py"}
    silent = [
        name
        for name, text in texts.items()
        # A module's file opens with what Ansible reads, and its action says only "the same, in process".
        if text.strip()
        and not re.search("plugins/(modules|action|doc_fragments|callback|filter)/|/tests/unit/", name)
        and not ast.get_docstring(ast.parse(text))
    ]
    assert not silent


def test_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert "make demo" in text
    assert "make test" in text
