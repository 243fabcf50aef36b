"""Fields of an add-on's objects that somebody else manages: how EKS tells them, and manifests that leave them alone.

https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-field-management.html
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any

# one item of a list in a path of server-side apply: by its keys, [name="x"], or by its value, [="x"]
ITEM = re.compile(r"\[((?:[^\[\]\"]|\"(?:[^\"\\]|\\.)*\")*)\]")
PAIR = re.compile(r"(\w*)=(\"(?:[^\"\\]|\\.)*\"|[^,]+)")


def conflict_issue(conflicts: list[str]) -> dict[str, Any]:
    """Shape `AddonIssue` of conflicts as `told` gives them."""
    message = "Conflicts found when trying to apply. Will not continue due to resolve conflicts mode. Conflicts:\n"
    return {"code": "ConfigurationConflict", "message": message + "\n".join(conflicts), "resourceIds": []}


def told(manifest: dict[str, Any], fields: tuple[str, ...]) -> list[str]:
    """Lines `<Kind>.<group> <name> - <field>` about fields of an object, each once."""
    group = manifest["apiVersion"].rpartition("/")[0]
    kind = f"{manifest['kind']}.{group}" if group else manifest["kind"]
    return [f"{kind} {manifest['metadata']['name']} - {path}" for path in dict.fromkeys(fields)]


def without(manifest: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """A copy of a manifest that says nothing about `fields` (paths as server-side apply names them)."""
    kept = copy.deepcopy(manifest)
    for path in fields:
        _remove(kept, path)
    return kept


def _remove(value: Any, path: str) -> None:
    step = _step(value, path)
    if step is None:
        return
    key, rest = step
    if rest:
        _remove(value[key], rest)
    else:
        del value[key]


def _step(value: Any, path: str) -> tuple[Any, str] | None:
    """Key or index of the first part of a path, and the rest; None where the value has no such part."""
    if isinstance(value, dict) and path.startswith("."):
        # a name may hold dots itself, as those of annotations do, so the value says where it ends
        names = [name for name in value if re.match(rf"\.{re.escape(name)}(?:[.\[]|$)", path)]
        name = max(names, key=len, default=None)
        return None if name is None else (name, path[1 + len(name) :])
    item = ITEM.match(path)
    if not isinstance(value, list) or item is None:
        return None
    keys = {key: json.loads(text) for key, text in PAIR.findall(item[1])}
    index = next((index for index, found in enumerate(value) if _is_meant(found, keys)), None)
    return None if index is None else (index, path[item.end() :])


def _is_meant(found: Any, keys: dict[str, Any]) -> bool:
    if not isinstance(found, dict):
        return keys == {"": found}
    # a key that the manifest leaves to its default is no difference
    return bool(keys) and all(found.get(key, value) == value for key, value in keys.items())
