# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Kubernetes API of an EKS cluster, reached by the cluster's name alone.

``urllib3`` comes with botocore. The ``kubernetes`` package would add 0.4 s of import to a run, and its dynamic client
reads every API group before its first call; a plan needs a handful of paths.
"""

from __future__ import annotations

import base64
import json
import random
import ssl
import threading
import time
import urllib.parse

from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_errors, unknown
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError, told
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_errors import UnknownCallerError

try:
    import botocore.exceptions
    import botocore.signers
    import botocore.utils
    import urllib3
except ImportError:
    # The modules say so by missing_required_lib before anything here is reached.
    botocore = urllib3 = None

# EKS accepts a token for 15 minutes after its signature.
TOKEN_RENEWED_AFTER = 10 * 60
SIGNED_FOR = 60
ATTEMPTS = 10
LONGEST_PAUSE = 3.0
CONNECT_ATTEMPTS = 5
# A new access entry takes effect within seconds, not at once.
ACCESS_SETTLES_WITHIN = 60
POOL = 16
PAGE = 500
MERGE_PATCH = "application/merge-patch+json"
_JITTER = random.SystemRandom()
CONNECTED = frozenset({"ACTIVE", "UPDATING"})


def connect(clients, name: str, check_mode: bool, endpoint: str | None = None):
    """The Cluster ``name`` of this account and region, or None when check mode finds none yet.

    ``endpoint``: as the task that made the cluster gave it; unknown when its plan makes the cluster, or makes it anew.
    Raises PlatformError when a run finds no cluster, or one that cannot be used.
    https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeCluster.html
    """
    if check_mode and unknown.contains_unknown([name, endpoint]):
        return None
    found = describe(clients, name)
    status = found["status"] if found else None
    if check_mode and status not in CONNECTED:
        # What is not made yet, going, or failed: the run would meet a cluster that it makes first.
        return None
    if found is None:
        raise PlatformError(
            "there is no such cluster",
            call="eks:DescribeCluster",
            subject=f"eks_cluster {name}",
            account=clients.account_id,
            region=clients.region,
            advice="Run the stage that makes it first.",
        )
    if status not in CONNECTED:
        raise PlatformError(
            f"the cluster is {status} and cannot be used",
            subject=f"eks_cluster {name}",
            account=clients.account_id,
            region=clients.region,
            advice="Wait until it is ACTIVE." if status == "CREATING" else None,
        )
    return Cluster(clients, found, waits=not check_mode)


def connect_or_tell(clients, name: str, check_mode: bool, endpoint: str | None = None) -> tuple:
    """(what ``connect`` gives, notices): check mode goes on without a cluster that does not let this caller in yet.

    The run that is planned may well be the one that does, as after a run that died on the way.
    """
    cluster = connect(clients, name, check_mode, endpoint)
    if cluster and check_mode:
        try:
            cluster.get("/api/v1/namespaces/kube-system", "Namespace kube-system")
        except UnknownCallerError as error:
            return None, [f"{error} What is in the cluster is planned as if there were none."]
    return cluster, []


def describe(clients, name: str) -> dict | None:
    """What eks:DescribeCluster says of the cluster, or None when there is none."""
    with told(f"eks_cluster {name}", clients):
        try:
            return clients.client("eks").describe_cluster(name=name)["cluster"]
        except clients.client("eks").exceptions.ResourceNotFoundException:
            return None


def token(clients, name: str) -> str:
    """A bearer token "k8s-aws-v1...." for the cluster: a presigned sts:GetCallerIdentity bound to its name.

    https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html
    """
    sts = clients.client("sts")
    signer = botocore.signers.RequestSigner(
        sts.meta.service_model.service_id, clients.region, "sts", "v4", clients.credentials(), sts.meta.events
    )
    request = {
        "method": "GET",
        "url": f"{sts.meta.endpoint_url.rstrip('/')}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": name},
        "context": {},
    }
    with told(f"token for {name}", clients):
        url = signer.generate_presigned_url(
            request, region_name=clients.region, expires_in=SIGNED_FOR, operation_name=""
        )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


class Cluster:
    """A client of one cluster's API server; safe to use from several threads."""

    def __init__(self, clients, described: dict, waits: bool = True):
        """``described``: the answer of eks:DescribeCluster; ``waits``: also for access that nobody has given yet."""
        self.clients, self.waits = clients, waits
        self.name = described["name"]
        self.endpoint = described["endpoint"].rstrip("/")
        self.authority = described["certificateAuthority"]["data"]
        self._lock = threading.Lock()
        self._token, self._signed = None, 0.0
        self._kinds = {}
        self._http = _pool(self.endpoint, self.authority)

    def get(self, path: str, what: str, **query) -> dict | None:
        """The object or list at an API path, or None when the server has nothing there; ``what`` names it in errors."""
        return self.request("GET", path, what, query=query)

    def items(self, path: str, what: str, **query) -> list[dict]:
        """Every item of a list, page by page; an empty list when the server does not serve the kind."""
        found, more = [], None
        while True:
            page = self.get(path, what, limit=PAGE, **query, **({"continue": more} if more else {}))
            found += (page or {}).get("items", [])
            more = (page or {}).get("metadata", {}).get("continue")
            if not more:
                return found

    def apply(self, path: str, what: str, manifest: dict, manager: str, dry_run: bool = False) -> dict:
        """Server-side apply, taking over fields that somebody else set; may be repeated safely.

        https://kubernetes.io/docs/reference/using-api/server-side-apply/
        """
        query = {"fieldManager": manager, "force": "true", **({"dryRun": "All"} if dry_run else {})}
        answer = self.request("PATCH", path, what, query=query, body=manifest)
        if answer is None:
            raise kubernetes_errors.not_there(self, "apply", what, manifest)
        return answer

    def patch(self, path: str, what: str, change: dict) -> dict | None:
        """Merge ``change`` into an object, a null taking a field away; None when there is none. May be repeated safely.

        https://datatracker.ietf.org/doc/html/rfc7386
        """
        return self.request("PATCH", path, what, body=change, content=MERGE_PATCH)

    def delete(self, path: str, what: str) -> None:
        """Ask for deletion; what is gone already is fine."""
        self.request(
            "DELETE", path, what, body={"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        )

    def kinds(self, api_version: str, again: bool = False) -> dict[str, dict]:
        """The kinds that the server serves in a group and version: kind -> {"name": plural, "namespaced": bool}."""
        if again or api_version not in self._kinds:
            answer = self.get(root(api_version), f"the kinds of {api_version}") or {}
            self._kinds[api_version] = {
                entry["kind"]: entry for entry in answer.get("resources", []) if "/" not in entry["name"]
            }
        return self._kinds[api_version]

    def request(
        self,
        method: str,
        path: str,
        what: str,
        query: dict | None = None,
        body: dict | None = None,
        content: str | None = None,
    ) -> dict | None:
        """One call, repeated while the server is busy, restarting or out of reach; None for 404.

        ``content`` is the type of the body, if it is not that of an apply or plain JSON.
        Raises PlatformError that says what was refused and why.
        """
        url = self.endpoint + path + (f"?{urllib.parse.urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        patience = _Patience(self, method, what)
        while True:
            try:
                answer = self._http.request(method, url, body=data, headers=self._headers(method, content))
            except urllib3.exceptions.HTTPError as error:
                patience.after_error(error)
                continue
            if answer.status == 404:
                return None
            if answer.status < 300:
                return json.loads(answer.data)
            patience.after_answer(answer)

    def renew(self) -> None:
        """Forget the token, so that the next call signs a new one."""
        with self._lock:
            self._token = None

    def authorization(self) -> str:
        """The value of the header of this name, with a token that is good for some minutes."""
        with self._lock:
            if self._token is None or time.monotonic() - self._signed > TOKEN_RENEWED_AFTER:
                self._token, self._signed = token(self.clients, self.name), time.monotonic()
            return f"Bearer {self._token}"

    def _headers(self, method, content):
        headers = {
            "Authorization": self.authorization(),
            "Accept": "application/json",
            "User-Agent": "piksel.platform",
        }
        if method != "GET":
            # JSON is YAML; the server knows an apply by this type.
            usual = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
            headers["Content-Type"] = content or usual
        return headers


class _Patience:
    """Decides after each failed attempt of one call: pause and try again, or raise."""

    def __init__(self, cluster, method, what):
        self.cluster, self.method, self.what = cluster, method, what
        self.attempt = 0
        self.renewed = False
        self.refused_since = None
        self.access = None

    def after_error(self, error):
        """No answer came."""
        self.attempt += 1
        unreachable = isinstance(error, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError))
        if self.attempt >= (CONNECT_ATTEMPTS if unreachable else ATTEMPTS) or isinstance(
            error, urllib3.exceptions.SSLError
        ):
            raise kubernetes_errors.unreachable(self.cluster, self.method, self.what, error) from error
        self._pause()

    def after_answer(self, answer):
        """An answer that is neither success nor 404 came."""
        self.attempt += 1
        if answer.status == 401 and not self.renewed:
            self.renewed = True
            self.cluster.renew()
        elif answer.status in (401, 403) and not kubernetes_errors.by_admission(answer):
            self._refused(answer)
        elif kubernetes_errors.passing(answer) and self.attempt < ATTEMPTS:
            self._pause(answer.headers.get("Retry-After"))
        else:
            raise kubernetes_errors.refused(self.cluster, self.method, self.what, answer)

    def _refused(self, answer):
        now = time.monotonic()
        if self.access is None:
            self.refused_since, self.access = now, Access(self.cluster)
        in_vain = self.access.missing and not self.cluster.waits
        if in_vain or not self.access.fresh or now - self.refused_since > ACCESS_SETTLES_WITHIN:
            raise kubernetes_errors.denied(self.cluster, self.method, self.what, answer, self.access)
        self._pause()

    def _pause(self, asked=None):
        longest = min(0.1 * 2**self.attempt, LONGEST_PAUSE)
        seconds = min(float(asked), 10.0) if asked and asked.isdigit() else longest
        time.sleep(seconds * _JITTER.uniform(0.5, 1.0))


class Access:
    """What EKS knows of the caller's access to a cluster.

    ``principal``: the caller's ARN; ``entry``: the ARN of its access entry or None; ``policies``: names of what is
    associated with it; ``fresh``: changed a moment ago; ``known``: False when access entries may not be read;
    ``missing``: the entry gives its caller nothing, neither by policies nor by groups.
    """

    def __init__(self, cluster):
        clients, eks = cluster.clients, cluster.clients.client("eks")
        self.principal = clients.identity["Arn"]
        self.entry, self.policies, self.fresh, self.known, self.missing = None, [], False, True, False
        name = self.principal.split("/")[1] if ":assumed-role/" in self.principal else self.principal.split("/")[-1]
        try:
            pages = eks.get_paginator("list_access_entries").paginate(clusterName=cluster.name)
            arns = [arn for page in pages for arn in page["accessEntries"] if arn.split("/")[-1] == name]
            if arns:
                self.entry = arns[0]
                entry = eks.describe_access_entry(clusterName=cluster.name, principalArn=self.entry)["accessEntry"]
                policies = eks.list_associated_access_policies(clusterName=cluster.name, principalArn=self.entry)
                self.policies = [item["policyArn"].rpartition("/")[2] for item in policies["associatedAccessPolicies"]]
                self.missing = not self.policies and not entry.get("kubernetesGroups")
                changed = [entry["modifiedAt"], *(item["modifiedAt"] for item in policies["associatedAccessPolicies"])]
                self.fresh = time.time() - max(moment.timestamp() for moment in changed) < ACCESS_SETTLES_WITHIN
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
            # Who may not read access entries still gets the server's own words.
            self.known = False


def root(api_version: str) -> str:
    """The API path of a group and version: "v1" -> "/api/v1", "apps/v1" -> "/apis/apps/v1"."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def tls(authority: str) -> ssl.SSLContext:
    """TLS that trusts the cluster's own authority only, base64 of PEM as DescribeCluster has it."""
    context = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
    # The authorities of EKS carry no key identifier, which Python 3.13 would refuse by default.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def proxy_of(endpoint: str) -> str | None:
    """The proxy that the environment names for an endpoint."""
    return botocore.utils.get_environ_proxies(endpoint).get(urllib.parse.urlsplit(endpoint).scheme)


def _pool(endpoint, authority):
    settings = {
        "ssl_context": tls(authority),
        "maxsize": POOL,
        "block": True,
        "retries": False,
        "timeout": urllib3.Timeout(connect=5, read=60),
    }
    proxy = proxy_of(endpoint)
    return urllib3.ProxyManager(proxy, **settings) if proxy else urllib3.PoolManager(**settings)
