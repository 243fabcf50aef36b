# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A context with a fixed name in a kubeconfig file, beside whatever else stands there.

Cluster and user entries carry the context's name too, so that entries which ``aws eks update-kubeconfig`` wrote under
the cluster's ARN, and the contexts that use them, stay as they are.
https://docs.aws.amazon.com/eks/latest/userguide/create-kubeconfig.html
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os

from ansible_collections.piksel.platform.plugins.module_utils import unknown
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_client import connect
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

try:
    import yaml
except ImportError:
    # Only a Python without Ansible's own requirements lacks it; ``_load`` says so.
    yaml = None

KUBECONFIG_ARGUMENTS = {
    **AWS_ARGUMENTS,
    "cluster_name": {"type": "str", "required": True},
    "cluster_endpoint": {"type": "str"},
    "context": {"type": "str", "aliases": ["alias"]},
    "path": {"type": "path", "default": "~/.kube/config"},
    "set_current": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "verified"], "default": "present"},
}
_EXEC_API = "client.authentication.k8s.io/v1beta1"
_SECTIONS = {"clusters": "cluster", "users": "user", "contexts": "context"}


def run_kubeconfig(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Write or verify the context of one cluster; ``params`` by KUBECONFIG_ARGUMENTS.

    Returns the result shape of ``reconcile``, with ``resources`` {context: {"name", "path", "server"}}; raises
    PlatformError.
    """
    # KUBECONFIG may name several files; the first is the one that tools write to.
    path = os.path.realpath(os.path.expanduser(params["path"].split(os.pathsep)[0]))
    name = params["context"] or params["cluster_name"]
    cluster = connect(clients, params["cluster_name"], check_mode, params.get("cluster_endpoint"))
    context = Context(clients, name, path, params["cluster_name"], cluster, params["set_current"])
    if params["state"] == "verified":
        if cluster:
            context.verify()
        return {"changed": False, "operations": [], "held": [], "diff": [], "resources": {name: context.facts(None)}}
    return reconcile([context], check_mode, progress=progress)


class Context(Resource):
    """The context ``name`` with its cluster and user in the file ``path``."""

    kind = "kubeconfig_context"
    api = "local"
    attributes = (
        Attribute("server"),
        Attribute("certificate_authority"),
        Attribute("command"),
        Attribute("env"),
        Attribute("cluster"),
        Attribute("user"),
        Attribute("current"),
        Attribute("mode"),
    )

    def __init__(self, clients, name, path, cluster_name, cluster, set_current):
        """``cluster``: the Cluster, or None while check mode finds none yet."""
        self.path, self.cluster_name, self.cluster = path, cluster_name, cluster
        self._arguments = _token_arguments(clients, cluster_name)
        self._env = _token_environment(clients)
        super().__init__(
            clients,
            "kubeconfig",
            name,
            name,
            {
                "server": cluster.endpoint if cluster else unknown.make("eks_cluster", cluster_name, "endpoint"),
                "certificate_authority": _fingerprint(cluster.authority)
                if cluster
                else unknown.make("eks_cluster", cluster_name, "certificate_authority"),
                "command": " ".join(["aws", *self._arguments]),
                "env": self._env,
                "cluster": name,
                "user": name,
                "current": True if set_current else None,
                "mode": "0600",
            },
        )

    def place(self):
        return {**super().place(), "cluster": self.cluster_name}

    def read(self):
        content = _load(self.path)
        entry = _entry(content, "contexts", self.name)
        return None if entry is None else self._found(content, entry)

    def create(self):
        return self._write()

    def update(self, found, changes):
        return self._write()

    def facts(self, found):
        return {"name": self.name, "path": self.path, "server": self.wanted["server"]}

    def verify(self):
        """Raise PlatformError unless the file's current context is this cluster."""
        content = _load(self.path)
        current = content.get("current-context") or None
        entry = _entry(content, "contexts", current)
        found = self._found(content, entry) if entry is not None else {}
        same = all(found.get(part) == self.wanted[part] for part in ("server", "certificate_authority"))
        if not same:
            there = f"{current} reaches {found.get('server') or 'nothing'}" if current else "is not set"
            raise PlatformError(
                f"the current context in {self.path} {there}, the cluster is at {self.wanted['server']}",
                subject=f"eks_cluster {self.cluster_name}",
                advice=f"Nothing was done. Choose the cluster first: kubectl config use-context {self.name}",
                **super().place(),
            )

    def _found(self, content, entry):
        cluster = _entry(content, "clusters", entry.get("cluster")) or {}
        command = (_entry(content, "users", entry.get("user")) or {}).get("exec") or {}
        return {
            "server": cluster.get("server"),
            "certificate_authority": _fingerprint(cluster.get("certificate-authority-data")),
            "command": " ".join([command.get("command") or "", *(command.get("args") or [])]),
            "env": {item.get("name"): item.get("value") for item in command.get("env") or []},
            "cluster": entry.get("cluster"),
            "user": entry.get("user"),
            "current": content.get("current-context") == self.name,
            "mode": f"{os.stat(self.path).st_mode & 0o777:04o}",
        }

    def _write(self):
        command = {"apiVersion": _EXEC_API, "args": self._arguments, "command": "aws"}
        if self._env:
            command["env"] = [{"name": name, "value": value} for name, value in self._env.items()]
        parts = {
            "clusters": {"certificate-authority-data": self.cluster.authority, "server": self.cluster.endpoint},
            "users": {"exec": command},
            "contexts": {"cluster": self.name, "user": self.name},
        }
        with _locked(self.path):
            # Read again under the lock: the runs of other accounts write to the same file.
            content = _load(self.path)
            for section, value in parts.items():
                _put(content, section, self.name, value)
            if self.wanted["current"]:
                content["current-context"] = self.name
            _save(self.path, content)
        return self.read()


def _token_arguments(clients, cluster_name):
    """As ``aws eks update-kubeconfig`` writes them."""
    arguments = ["--region", clients.region, "eks", "get-token", "--cluster-name", cluster_name, "--output", "json"]
    return [*arguments, "--role-arn", clients.role_arn] if clients.role_arn else arguments


def _token_environment(clients):
    """The account's profile, and another endpoint than AWS's own, so that a context never reaches for the wrong one."""
    chosen = {"AWS_PROFILE": clients.profile, "AWS_ENDPOINT_URL": clients.endpoint_url}
    return {name: value for name, value in chosen.items() if value}


def _fingerprint(data):
    """A short name for a certificate in plans; None stays None."""
    return f"sha256:{hashlib.sha256(data.encode()).hexdigest()[:16]}" if data else None


def _entry(content, section, name):
    """The value of the named entry of a section, or None."""
    return next(
        (
            item.get(_SECTIONS[section]) or {}
            for item in content.get(section) or []
            if name is not None and item.get("name") == name
        ),
        None,
    )


def _put(content, section, name, value):
    """Set the named entry; fields of it that are not ours (a proxy, a namespace) stay."""
    entries = content[section] = content.get(section) or []
    for item in entries:
        if item.get("name") == name:
            kept = item.get(_SECTIONS[section]) or {}
            item[_SECTIONS[section]] = value if section == "users" else {**kept, **value}
            return
    entries.append({_SECTIONS[section]: value, "name": name})


def _load(path):
    """The file's content; the frame of an empty kubeconfig when there is no file."""
    if yaml is None:
        raise PlatformError("PyYAML is missing in this Python", advice="Install it: pip install PyYAML")
    frame = {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [],
        "users": [],
        "contexts": [],
        "current-context": "",
    }
    try:
        with open(path, encoding="utf-8") as stream:
            content = yaml.safe_load(stream) or frame
    except FileNotFoundError:
        return frame
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PlatformError(
            f"cannot be read: {error}", subject=f"kubeconfig {path}", advice="It was left as it is."
        ) from error
    valid = isinstance(content, dict) and all(
        isinstance(content.get(section) or [], list)
        and all(isinstance(item, dict) for item in content.get(section) or [])
        for section in _SECTIONS
    )
    if not valid:
        raise PlatformError("is no kubeconfig", subject=f"kubeconfig {path}", advice="It was left as it is.")
    return content


@contextlib.contextmanager
def _locked(path):
    """Keep other runs from writing; the lock is on the folder, so that no file stays behind when a run is killed."""
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise PlatformError(f"the folder cannot be used: {error}", subject=f"kubeconfig {path}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _save(path, content):
    """Replace the file in one step, readable by its owner only; what a killed run left half written is written anew."""
    temporary = f"{path}.new"
    try:
        descriptor = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            os.fchmod(descriptor, 0o600)
            yaml.safe_dump(content, stream, sort_keys=False, default_flow_style=False)
            stream.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    except OSError as error:
        raise PlatformError(f"cannot be written: {error}", subject=f"kubeconfig {path}") from error
