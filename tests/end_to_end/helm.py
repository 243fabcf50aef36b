"""What Helm keeps of its releases, read as Helm writes it."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable

import yaml


def opened(secret: dict) -> dict:
    """The release that a Secret of Helm (v1) holds: gzipped JSON, in Base64 once more than any Secret."""
    return json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))


def packed(release: dict) -> str:
    """What ``opened`` reads, for the key "release" of such a Secret."""
    return base64.b64encode(base64.b64encode(gzip.compress(json.dumps(release).encode()))).decode()


def written_by_helm(kubectl_json: Callable, context: str) -> dict[str, set[str]]:
    """Release as "namespace/name" -> all objects that Helm writes for it, named as audit logs show them."""
    found: dict[str, set[str]] = {}
    for secret in kubectl_json("secrets", "-l", "owner=helm", "--all-namespaces", context=context)["items"]:
        release, namespace = opened(secret), secret["metadata"]["namespace"]
        names = found.setdefault(f"{namespace}/{release['name']}", set())
        names.add(f"{namespace}/{secret['metadata']['name']}")
        for manifest in filter(None, yaml.safe_load_all(release["manifest"])):
            metadata = manifest["metadata"]
            names |= {metadata["name"], f"{metadata.get('namespace', namespace)}/{metadata['name']}"}
    return found
