# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a Kubernetes API server refused, in one message that says what to do.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
"""

from __future__ import annotations

import json

from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

_VERBS = {"GET": "read", "PATCH": "apply", "DELETE": "delete", "POST": "create"}
# These come with status 500 although trying again is of no use.
_FINAL = ("failed to create typed patch object", "failed to create manager", "invalid object type")


def passing(answer) -> bool:
    """True for an answer (with ``status`` and ``data``) that may be different in a moment."""
    if answer.status in (409, 429, 502, 503, 504):
        return True
    return answer.status == 500 and not any(text in message(answer) for text in _FINAL)


def by_admission(answer) -> bool:
    """True when a webhook or admission plugin refused, not the authorizer."""
    text = message(answer)
    return (
        "admission webhook" in text
        or "is being terminated" in text
        or "ValidatingAdmissionPolicy" in text
        or "exceeded quota" in text
    )


def message(answer) -> str:
    """The server's words: the message of a Status object, else the text of the answer."""
    text = answer.data.decode(errors="replace").strip()
    try:
        return json.loads(text).get("message") or text
    except (ValueError, AttributeError):
        return text or f"HTTP status {answer.status}"


def refused(cluster, method: str, what: str, answer) -> PlatformError:
    """The server said no to the request itself."""
    text, advice = message(answer), None
    if "denied the request" in text:
        advice = "A policy of the cluster refuses this object: change the object, or the policy behind the webhook."
    elif "failed calling webhook" in text:
        advice = "The webhook does not answer: are its pods running, and can the control plane reach them?"
    elif "is being terminated" in text:
        advice = "The namespace is being deleted: run again when it is gone."
    elif "field not declared in schema" in text:
        advice = "The manifest names a field that this version of the cluster does not know."
    elif answer.status == 422:
        advice = "Correct the manifest; what the server calls immutable needs a new object."
    return _error(cluster, method, what, text, advice)


class UnknownCallerError(PlatformError):
    """The cluster turns the caller away, and EKS has no access entry for it, or one without policies and groups."""


def denied(cluster, method: str, what: str, answer, access) -> PlatformError:
    """401 and 403; ``access`` is what EKS knows of the caller (kubernetes_client.Access)."""
    if answer.status == 401:
        text = f"the cluster does not know {access.principal}"
        advice = (
            f"Its access entry {access.entry} exists: does the authentication mode include API?"
            if access.entry
            else "It has no access entry: add one (eks_cluster_access_entries), or use an identity that has one."
        )
    else:
        text = f"{access.principal} may not do this: {message(answer)}"
        held = ", ".join(access.policies) or "no access policy"
        advice = (
            f"Its access entry has {held}: associate one that allows it, such as AmazonEKSClusterAdminPolicy,"
            " for this namespace or the cluster."
        )
    if not access.known:
        advice = "Check its access entry on the cluster; this identity may not read access entries itself."
    unknown = access.known and (not access.entry if answer.status == 401 else access.missing)
    return _error(cluster, method, what, text, advice, UnknownCallerError if unknown else PlatformError)


def unreachable(cluster, method: str, what: str, error) -> PlatformError:
    """No answer at all."""
    if "certificate verify failed" in str(error):
        advice = "Something else answers at this address: is there a proxy in between, or was the cluster made anew?"
    else:
        advice = (
            "Is the public endpoint on and is this machine's address in its list, or is the VPN up?"
            " For a sandbox: is it started (piksel-sandbox up)?"
        )
    return _error(cluster, method, what, f"the endpoint {cluster.endpoint} does not answer: {_reason(error)}", advice)


def not_there(cluster, verb: str, what: str, manifest: dict) -> PlatformError:
    """404 to an apply: the namespace or the kind is missing."""
    namespace = manifest.get("metadata", {}).get("namespace")
    text = f"namespace {namespace} does not exist, or " if namespace else ""
    return _error(
        cluster,
        verb,
        what,
        f"{text}the cluster does not serve {manifest.get('kind')} of {manifest.get('apiVersion')}",
        None,
    )


def _error(cluster, verb, what, text, advice, kind=PlatformError):
    return kind(
        text,
        call=f"kubernetes:{_VERBS.get(verb, verb)}",
        subject=f"{what} in cluster {cluster.name}",
        account=cluster.clients.known_account_id,
        region=cluster.clients.region,
        advice=advice,
    )


def _reason(error):
    """The innermost cause of a urllib3 error, without object addresses."""
    reason = getattr(error, "reason", None) or (error.args[-1] if error.args else error)
    return str(reason).rpartition(">: ")[2] or str(error)
