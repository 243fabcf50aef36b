"""The variables that point AWS and Kubernetes clients to a running sandbox."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping

from piksel_sandbox.kubernetes import build
from piksel_sandbox.state import State

# An operator's own for the real AWS; botocore takes empty for not set. Not so AWS_PROFILE, which an explicit profile
# beats anyway, and AWS_CA_BUNDLE, which does not matter to http.
STRAY = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


def variables(state: State, url: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of a sandbox that answers on `url`, to be laid over `environ`."""
    values = {
        "AWS_CONFIG_FILE": str(state.aws / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(state.aws / "credentials"),
        "AWS_ENDPOINT_URL": url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "KUBECONFIG": str(state.kubeconfig),
        "PIKSEL_SANDBOX_STATE": str(state.folder),
    }
    values.update({name: "" for name in STRAY if environ.get(name)})
    folder = build.binaries_folder()
    path = environ.get("PATH", os.defpath)
    if folder and path.split(os.pathsep)[0] != str(folder):
        values["PATH"] = f"{folder}{os.pathsep}{path}"
    return values


def exports(values: Mapping[str, str]) -> str:
    """`export NAME=value` lines for `eval`."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())
