"""Write what IAM knows of actions into the collection, from the pinned parliament: `make iam-actions`.

The check of the inventory reads this file in 2 ms; parliament's own definitions take 200 ms and are no dependency of a
run.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import parliament

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "collections/ansible_collections/piksel/platform/plugins/plugin_utils/iam_actions.json"


def text() -> str:
    """The file's content: its source, and service prefix -> names of its actions, a line a service."""
    actions: dict[str, set[str]] = {}
    for service in parliament.iam_definition:
        names = actions.setdefault(service["prefix"], set())
        names.update(privilege["privilege"] for privilege in service["privileges"])
    lines = [f"{json.dumps(prefix)}: {json.dumps(sorted(names))}" for prefix, names in sorted(actions.items())]
    source = f"parliament {version('parliament')}"
    return f'{{\n"source": {json.dumps(source)},\n"actions": {{\n' + ",\n".join(lines) + "\n}\n}\n"


def main() -> None:
    """Entry point."""
    TARGET.write_text(text())
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
