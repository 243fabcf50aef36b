"""What the role flux_bootstrap hands on of a converged dev, read from the APIs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def flux_bootstrap(aws: Callable[..., Any], kubectl_json: Callable[..., dict]) -> dict:
    """Source, root Kustomization, the version of the controllers, and the public half of the key."""
    here = ("-n", "flux-system")
    source = kubectl_json("gitrepositories.source.toolkit.fluxcd.io", "flux-system", *here)
    root = kubectl_json("kustomizations.kustomize.toolkit.fluxcd.io", "flux-system", *here)
    controller = kubectl_json("deployment", "kustomize-controller", *here)
    key = json.loads(aws("secretsmanager").get_secret_value(SecretId="flux-deploy-key-dev")["SecretString"])
    (ready,) = [one["status"] for one in root["status"]["conditions"] if one["type"] == "Ready"]
    return {
        "repository": source["spec"]["url"],
        "branch": source["spec"]["ref"]["branch"],
        "path": root["spec"]["path"].removeprefix("./"),
        "namespace": root["metadata"]["namespace"],
        "version": controller["metadata"]["labels"]["app.kubernetes.io/version"],
        "revision": root["status"]["lastAppliedRevision"],
        "ready": ready == "True",
        "public_key": key["identity.pub"],
    }
