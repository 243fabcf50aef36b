"""source-controller, played: GitRepositories get an archive of their branch, or the reason why not.

https://fluxcd.io/flux/components/source/gitrepositories/
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import re
from typing import Any

from piksel_sandbox.gitops.repositories import HOST, GitError, Repositories
from piksel_sandbox.kubernetes.client import ApiError, Client

GROUP = "source.toolkit.fluxcd.io/v1"
PATH = f"/apis/{GROUP}/gitrepositories"
ADDRESS = re.compile(r"(?P<scheme>ssh|https)://([^@/]+@)?(?P<host>[^/:]+)(:\d+)?/(?P<name>[^/]+/[^/]+?)(\.git)?/?")
AUTHENTICATION, GIT = "AuthenticationFailed", "GitOperationFailed"
MERGE_PATCH = "application/merge-patch+json"


class SourceError(Exception):
    """Why a source is not Ready: `reason` in one word, and the message."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class SourceController:
    """Keeps the status of all GitRepositories of one cluster."""

    def __init__(self, client: Client, repositories: Repositories, url: str) -> None:
        """`url`: where archives are served."""
        self._client = client
        self._repositories = repositories
        self._url = url

    def reconcile(self, sources: list[dict[str, Any]]) -> None:
        """Looks at each source; writes only what changes. Raises ApiError."""
        for source in sources:
            if source["spec"].get("suspend") or "deletionTimestamp" in source["metadata"]:
                continue
            try:
                status = self._ready(source)
            except SourceError as error:
                status = {"conditions": [_condition(source, "Ready", "False", error.reason, str(error))]}
            self._write(source, status)

    def _ready(self, source: dict[str, Any]) -> dict[str, Any]:
        """The status of a source whose branch could be fetched. Raises SourceError."""
        spec, metadata = source["spec"], source["metadata"]
        name = self._opened(source)
        branch = (spec.get("ref") or {}).get("branch", "master")
        try:
            commit = self._repositories.head(name, branch)
            archive = self._repositories.archive(name, commit)
        except GitError as error:
            text = f"failed to checkout and determine revision: unable to clone '{spec['url']}': {error}"
            raise SourceError(GIT, text) from error
        content = archive.read_bytes()
        revision = f"{branch}@sha1:{commit}"
        stored = f"stored artifact for revision '{revision}'"
        return {
            "observedGeneration": metadata["generation"],
            "artifact": {
                "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
                "lastUpdateTime": _now(),
                "path": f"gitrepository/{metadata['namespace']}/{metadata['name']}/{archive.name}",
                "revision": revision,
                "size": len(content),
                "url": f"{self._url}/{archive.name}",
            },
            "conditions": [
                _condition(source, "Ready", "True", "Succeeded", stored),
                _condition(source, "ArtifactInStorage", "True", "Succeeded", stored),
            ],
        }

    def _opened(self, source: dict[str, Any]) -> str:
        """`<owner>/<name>` of the repository, once its host let us in. Raises SourceError."""
        url = source["spec"]["url"]
        address = ADDRESS.fullmatch(url)
        if not address or address["host"] != HOST:
            raise SourceError(GIT, f"failed to checkout and determine revision: unable to list remote for '{url}'")
        if address["scheme"] == "ssh":
            self._check_key(source, address["name"])
        return address["name"]

    def _check_key(self, source: dict[str, Any], name: str) -> None:
        namespace, reference = source["metadata"]["namespace"], source["spec"].get("secretRef")
        if not reference:
            raise SourceError(AUTHENTICATION, "no auth options: an SSH URL needs a secret reference")
        found = self._client.get(f"/api/v1/namespaces/{namespace}/secrets/{reference['name']}")
        if found is None:
            text = f"failed to get secret '{namespace}/{reference['name']}': secrets \"{reference['name']}\" not found"
            raise SourceError(AUTHENTICATION, text)
        data = {key: base64.b64decode(value).decode() for key, value in (found.get("data") or {}).items()}
        for key in ("identity", "known_hosts"):
            if not data.get(key):
                raise SourceError(AUTHENTICATION, f"invalid 'ssh' auth option: '{key}' is required")
        text = f"failed to checkout and determine revision: unable to list remote for '{source['spec']['url']}': "
        if HOST not in data["known_hosts"]:
            raise SourceError(GIT, f"{text}ssh: handshake failed: knownhosts: key is unknown")
        keys = self._repositories.keys
        if keys is None or not keys.knows(name, _public_half(data["identity"])):
            denied = "ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey]"
            raise SourceError(GIT, f"{text}{denied}, no supported methods remain")

    def _write(self, source: dict[str, Any], status: dict[str, Any]) -> None:
        if _same(source.get("status") or {}, status):
            return
        metadata = source["metadata"]
        path = f"/apis/{GROUP}/namespaces/{metadata['namespace']}/gitrepositories/{metadata['name']}/status"
        try:
            self._client.request("PATCH", path, {"status": status}, MERGE_PATCH)
        except ApiError as error:
            if error.status != 404:
                raise


def _public_half(identity: str) -> str:
    """The public half of a private key, "" for what is none."""
    from cryptography.hazmat.primitives import serialization

    try:
        private = serialization.load_ssh_private_key(identity.encode(), None)
    except ValueError:
        return ""
    form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return private.public_key().public_bytes(*form).decode()


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _condition(source: dict[str, Any], kind: str, status: str, reason: str, message: str) -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": source["metadata"]["generation"],
        "lastTransitionTime": _now(),
    }


def _same(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a status says the same, its times apart."""

    def kept(status: dict[str, Any]) -> Any:
        conditions = [
            {name: value for name, value in one.items() if name != "lastTransitionTime"}
            for one in status.get("conditions") or []
        ]
        artifact = {name: value for name, value in (status.get("artifact") or {}).items() if name != "lastUpdateTime"}
        return conditions, artifact if "artifact" in wanted else None, wanted.get("observedGeneration")

    return kept(found) == kept(wanted) and wanted.get("observedGeneration") in (None, found.get("observedGeneration"))
