# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helm releases of a cluster: planned from what Helm keeps of them, carried out by kubernetes.core.helm."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from base64 import b64decode

from ansible_collections.piksel.platform.plugins.module_utils import (
    arguments,
    errors,
    helm_charts,
    helm_storage,
    helm_values,
    kubernetes_client,
    ownership,
)
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

RELEASE_OPTIONS = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "chart": {"type": "str", "required": True},
    "repository": {"type": "str"},
    "version": {"type": "str", "required": True},
    "values": {"type": "dict", "default": {}},
    "skip_crds": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 600},
}
_MARK = f"labels.{ownership.MARK}"
# How often Helm is called for one release, and after how many seconds again.
TRIES, PAUSE = 4, 1
_TRANSPORT = re.compile(
    r"connection re(set|fused)|\bEOF\b|i/o timeout|TLS handshake timeout|unable to handle the request|unreachable"
    r"|too many requests|internal error|service ?unavailable",
    re.IGNORECASE,
)


class Release(Resource):
    """A release of Helm. Its values are compared by path; every path is ours.

    ``apply`` carries out the arguments of kubernetes.core.helm and returns that module's result; None where only a plan
    can be made.
    """

    kind = "helm_release"
    api = "kubernetes"
    restriction = "downgrade"
    attributes = (
        Attribute("chart"),
        Attribute("version"),
        Attribute("status"),
        Attribute("values", form="owned_map"),
        Attribute("labels", form="map"),
    )

    def __init__(self, clients, scope, key, entry, cluster, cluster_name, *, binary=None, apply=None):
        """``entry`` are the options as RELEASE_OPTIONS has them; ``cluster`` is None while there is none."""
        source = helm_charts.Source(entry["chart"], entry["version"], entry["repository"])
        wanted = {
            "chart": _chart_name(source),
            "version": entry["version"].removeprefix("v"),
            "status": helm_storage.DEPLOYED,
            "values": helm_values.flat(entry["values"]),
            "labels": {ownership.MARK: ownership.label(self.kind, scope, key)},
        }
        super().__init__(clients, scope, key, entry["name"], wanted)
        self.entry, self.source = entry, source
        self.cluster, self.cluster_name = cluster, cluster_name
        self.binary, self.apply = binary, apply

    @property
    def object(self):
        """ "namespace/name"."""
        return f"{self.entry['namespace']}/{self.name}"

    @property
    def subject(self):
        return f"helm_release {self.object}"

    def place(self):
        return {**super().place(), "cluster": self.cluster_name}

    def read(self):
        """The newest revision, from its Secret."""
        if self.cluster is None:
            return None
        found = helm_storage.latest(self.cluster, self.entry["namespace"], self.name)
        if found is None:
            return None
        return {
            "chart": found.chart,
            "version": found.version.removeprefix("v"),
            "status": found.status,
            "values": helm_values.flat(found.values),
            "labels": found.labels,
            "secret": found.secret,
        }

    def refusals(self, found, changes):
        """Values that the chart does not know, and a chart that cannot be had; asked when Helm would be only."""
        if found and not _for_helm(changes):
            return []
        try:
            chart = helm_charts.load(self.source, self.binary)
        except PlatformError as error:
            return [PlatformError(error.message, subject=f"{self.subject}, {error.subject}", advice=error.advice)]
        problems = helm_values.problems(self.entry["values"], chart.values, chart.schema, chart.subcharts)
        return [
            PlatformError(str(problem), subject=f"{self.subject}, values for chart {chart.name} {chart.version}")
            for problem in problems
        ]

    def restrictions(self, changes):
        """An older version than the one that runs is installed by word only, and with it all that Helm would do."""
        for change in changes:
            if change.path == "version" and _is_older(change.after, change.before):
                helm = _for_helm(changes)
                return [one for one in changes if one not in helm], helm
        return changes, []

    def create(self):
        """Install; the mark goes onto what Helm keeps, afterwards."""
        return self._install()

    def update(self, found, changes):
        """Upgrade where chart, version, values or state differ; label the newest revision, which later ones inherit."""
        if _for_helm(changes):
            self._clear(found)
            found = self._install()
        if found["labels"].get(ownership.MARK) != self.wanted["labels"][ownership.MARK]:
            self.cluster.patch(
                helm_storage.path(self.entry["namespace"], found["secret"]),
                self.subject,
                {"metadata": {"labels": self.wanted["labels"]}},
            )

    def _clear(self, found):
        """Forget a revision that a dead or failed run left: Helm goes on from the one before, or anew.

        What that revision made bears Helm's own labels, by which the next one takes it over.
        """
        if found["status"] != helm_storage.DEPLOYED:
            self.cluster.delete(helm_storage.path(self.entry["namespace"], found["secret"]), self.subject)

    def _install(self):
        """`helm upgrade --install`, waited for; returns the release as found.

        Helm gives up at the first call whose answer is lost or that the API server was too busy for; then it is called
        once more, after what it left was forgotten.
        """
        for attempt in range(TRIES):
            try:
                self._upgrade()
                break
            except PlatformError as error:
                if attempt == TRIES - 1 or not _TRANSPORT.search(error.message):
                    raise
                time.sleep(PAUSE)
                left = self.read()
                if left:
                    self._clear(left)
        found = self.read()
        if found is None or found["status"] != helm_storage.DEPLOYED:
            state = found["status"] if found else "not there"
            raise PlatformError(f"Helm ended well, but the release is {state}", subject=self.subject, **self._where())
        return found

    def _upgrade(self):
        local = self.source.path is not None
        self._helm(
            chart_ref=self.source.reference,
            release_values=self.entry["values"],
            skip_crds=self.entry["skip_crds"],
            wait=True,
            timeout=f"{self.entry['timeout']}s",
            **({} if local else {"chart_version": self.source.version}),
            **({"chart_repo_url": self.source.repository} if self.source.repository else {}),
        )

    def delete(self, _found):
        """`helm uninstall`, waited for."""
        self._helm(release_state="absent", wait=True, wait_timeout=f"{self.entry['timeout']}s")

    def _helm(self, **options):
        """One call of kubernetes.core.helm with a token for this cluster, and nothing of the operator's kubeconfig."""
        if self.apply is None:
            raise PlatformError(
                "releases are carried out by the controller only",
                subject=self.subject,
                advice="Leave `environment`, `become`, `async` and remote connections off this task.",
            )
        with _file(b64decode(self.cluster.authority)) as authority:
            result = self.apply(
                {
                    "release_name": self.name,
                    "release_namespace": self.entry["namespace"],
                    "binary_path": helm_charts.helm(self.binary),
                    "host": self.cluster.endpoint,
                    "api_key": kubernetes_client.token(self.clients, self.cluster_name),
                    "ca_cert": authority,
                    "kubeconfig": {"clusters": []},
                    **options,
                }
            )
        if result.get("failed"):
            told = result.get("stderr") or result.get("msg") or "no reason was given"
            raise PlatformError(told, call="helm", subject=self.subject, **self._where())

    def _where(self):
        return {"account": self.clients.account_id, "region": self.clients.region}

    def facts(self, _found):
        """{"name", "namespace", "chart", "version"}: all of it is known beforehand."""
        return {
            "name": self.name,
            "namespace": self.entry["namespace"],
            "chart": self.wanted["chart"],
            "version": self.wanted["version"],
        }


class Orphan(Release):
    """A release that is marked for the scope and no longer wanted."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.wanted = {}


def _for_helm(changes):
    """The changes that Helm carries out."""
    return [change for change in changes if change.path != _MARK]


def _is_older(version, than):
    return _order(version) < _order(than)


def _order(version):
    """What versions are ordered by: their numbers, a pre-release before its release.

    https://semver.org/#spec-item-11
    """
    core, _hyphen, pre = version.partition("+")[0].partition("-")
    return [int(part) if part.isdigit() else 0 for part in core.split(".")], not pre, pre


def _chart_name(source):
    """The name of a chart as its metadata has it, without fetching it."""
    if source.path is not None:
        return helm_charts.load(source).name
    return source.reference.rstrip("/").rpartition("/")[2]


@contextlib.contextmanager
def _file(content):
    """Path of a file with this content, which goes at the end."""
    descriptor, path = tempfile.mkstemp(prefix="piksel-", suffix=".crt")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        yield path
    finally:
        os.unlink(path)


def run_releases(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of releases; result of reconcile, and "notices"; resources: key -> {"name", "namespace", "chart",
    "version"}.

    ``params["apply"]`` (arguments of kubernetes.core.helm) -> its result, is how an action carries a release out.
    """
    wanted = arguments.entries("releases", params["releases"], RELEASE_OPTIONS)
    cluster, notices = kubernetes_client.connect_or_tell(
        clients, params["cluster_name"], check_mode, params.get("cluster_endpoint")
    )
    common = {"binary": params.get("binary_path"), "apply": params.get("apply")}
    releases, findings = [], []
    for wave, (key, entry) in enumerate(wanted.items()):
        try:
            release = Release(clients, params["scope"], key, entry, cluster, params["cluster_name"], **common)
        except PlatformError as error:
            findings.append(error)
            continue
        # In the order of the list: charts of definitions stand before those that use them.
        release.wave = wave
        releases.append(release)
    errors.combined(findings)
    result = reconcile(
        releases,
        check_mode,
        consent=params["consent"],
        orphans=(lambda: _unwanted(clients, params, cluster, releases, common)) if cluster else None,
        progress=progress,
    )
    return {**result, "notices": notices}


def _unwanted(clients, params, cluster, releases, common):
    """Releases marked for this scope that are not in the list."""
    names = {release.object for release in releases}
    prefix = ownership.label(Release.kind, params["scope"], "x")[:-1]
    unwanted = []
    for one in helm_storage.marked(cluster, ownership.MARK):
        name, mark = one.labels.get("name", ""), one.labels.get(ownership.MARK, "")
        if mark.startswith(prefix) and f"{one.namespace}/{name}" not in names:
            entry = {"name": name, "namespace": one.namespace, "chart": f"oci://{one.chart}", "repository": None}
            entry.update(version=one.version, values={}, skip_crds=False, timeout=RELEASE_OPTIONS["timeout"]["default"])
            key = mark.removeprefix(prefix)
            unwanted.append(Orphan(clients, params["scope"], key, entry, cluster, params["cluster_name"], **common))
    return unwanted
