# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Helm keeps of its releases in a cluster: a Secret for each revision, read past the helm binary.

https://helm.sh/docs/topics/advanced/#storage-backends
"""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass

OWNER = "owner=helm"
# States that Helm goes on from; a revision in another one stands in the way of the next.
DEPLOYED, GONE = "deployed", "uninstalled"


@dataclass(frozen=True)
class Revision:
    """One revision of a release: its Secret's name and labels, its number and state, chart and values.

    ``values`` are those that were given, without the chart's defaults.
    """

    secret: str
    namespace: str
    labels: dict
    number: int
    status: str
    chart: str
    version: str
    values: dict


def latest(cluster, namespace: str, name: str) -> Revision | None:
    """The newest revision of a release that was not replaced by a later one, None where there is none."""
    selector = f"{OWNER},name={name},status!=superseded"
    secrets = cluster.items(path(namespace), f"helm_release {namespace}/{name}", labelSelector=selector)
    found = [revision(secret) for secret in secrets]
    newest = max(found, key=lambda one: one.number, default=None)
    return None if newest is None or newest.status == GONE else newest


def marked(cluster, label: str) -> list[Revision]:
    """The newest revision of every release whose Secrets bear a label."""
    newest = {}
    selector = f"{OWNER},{label},status!=superseded"
    for secret in cluster.items("/api/v1/secrets", "helm releases", labelSelector=selector):
        one = revision(secret)
        key = (one.namespace, secret["metadata"]["labels"]["name"])
        if key not in newest or newest[key].number < one.number:
            newest[key] = one
    return [one for one in newest.values() if one.status != GONE]


def revision(secret: dict) -> Revision:
    """What a release Secret says; its text is JSON, compressed, in base64 twice: once by Helm, once by Kubernetes."""
    metadata = secret["metadata"]
    packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    release = json.loads(gzip.decompress(packed))
    chart = release["chart"]["metadata"]
    return Revision(
        secret=metadata["name"],
        namespace=metadata["namespace"],
        labels=metadata.get("labels", {}),
        number=int(release["version"]),
        status=release["info"]["status"],
        chart=chart["name"],
        version=chart["version"],
        values=release.get("config") or {},
    )


def path(namespace: str, secret: str | None = None) -> str:
    """The API path of a namespace's Secrets, or of one of them."""
    folder = f"/api/v1/namespaces/{namespace}/secrets"
    return f"{folder}/{secret}" if secret else folder
