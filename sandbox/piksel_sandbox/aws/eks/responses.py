"""The operations of the EKS API: each is the method of its name, as moto's dispatcher wants it."""

from __future__ import annotations

from typing import Any

from botocore import xform_name
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import get_service_model
from moto.eks.responses import EKSResponse as MotoEKSResponse
from moto.sts.models import sts_backends

from .models import EKSBackend, eks_backends
from .utils import memo_key, page
from .validation import validate


class EKSResponse(MotoEKSResponse):
    """Parses and validates a request, calls the backend under its lock, answers in botocore's shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = True

    @property
    def eks_backend(self) -> EKSBackend:
        """The backend of the caller's account and the request's region."""
        return eks_backends[self.current_account][self.region]

    def call_action(self) -> TYPE_RESPONSE:
        """Run the operation under the backend's lock, after all states were moved on."""
        with self.eks_backend.session():
            return super().call_action()

    def _arguments(self) -> dict[str, Any]:
        operation = get_service_model("eks").operation_model(self._get_action())
        params = dict(self.params)
        validate(operation.input_shape, params)
        return params

    def _call(self, method: str, **extra: Any) -> Any:
        """Call a backend method with the request's members, their names in snake case."""
        arguments = {xform_name(key): value for key, value in self._arguments().items()}
        arguments.pop("client_request_token", None)
        return getattr(self.eks_backend, method)(**arguments, **extra)

    def _call_once(self, method: str, is_whole: bool = False, **extra: Any) -> Any:
        """Like `_call`, but a repeated request token gives the first call's object again.

        is_whole: the method takes all members in one dict `request`, their names as in the API.
        """
        params = self._arguments()
        token = params.pop("clientRequestToken", None)
        known = self.eks_backend.requests.get((method, token or ""))
        if known and known[0] == memo_key(params):
            return known[1]
        call = getattr(self.eks_backend, method)
        if is_whole:
            result = call(request=dict(params), **extra)
        else:
            result = call(**{xform_name(key): value for key, value in params.items()}, **extra)
        if token:
            self.eks_backend.requests[(method, token)] = (memo_key(params), result)
        return result

    def _page(self, method: str, member: str, **extra: Any) -> ActionResult:
        """Answer one page of what a backend method lists, under the member `member`."""
        arguments = {xform_name(key): value for key, value in self._arguments().items()}
        limit, token = arguments.pop("max_results", None), arguments.pop("next_token", None)
        items, token = page(getattr(self.eks_backend, method)(**arguments), limit, token)
        return ActionResult({member: items, "nextToken": token, **extra})

    def _principal(self) -> str:
        """IAM ARN of the caller: the role's for a session, the user's, else the account's root."""
        sts = sts_backends[self.current_account][self.partition]
        session = sts.get_assumed_role_from_access_key(self.access_key)
        if session:
            return session.role_arn
        _, arn, account = sts.get_caller_identity(self.access_key, self.region)
        return arn if ":iam:" in arn else f"arn:{self.partition}:iam::{account}:root"

    def create_cluster(self) -> ActionResult:
        """CreateCluster."""
        cluster = self._call_once("create_cluster", is_whole=True, principal=self._principal())
        return ActionResult({"cluster": cluster.to_dict()})

    def describe_cluster(self) -> ActionResult:
        """DescribeCluster."""
        return ActionResult({"cluster": self._call("describe_cluster").to_dict()})

    def list_clusters(self) -> ActionResult:
        """ListClusters."""
        return self._page("list_clusters", "clusters")

    def delete_cluster(self) -> ActionResult:
        """DeleteCluster."""
        return ActionResult({"cluster": self._call("delete_cluster").to_dict()})

    def update_cluster_version(self) -> ActionResult:
        """UpdateClusterVersion."""
        return ActionResult({"update": self._call_once("update_cluster_version").to_dict()})

    def update_cluster_config(self) -> ActionResult:
        """UpdateClusterConfig."""
        return ActionResult({"update": self._call_once("update_cluster_config", is_whole=True).to_dict()})

    def associate_encryption_config(self) -> ActionResult:
        """AssociateEncryptionConfig."""
        return ActionResult({"update": self._call_once("associate_encryption_config").to_dict()})

    def describe_update(self) -> ActionResult:
        """DescribeUpdate."""
        return ActionResult({"update": self._call("describe_update").to_dict()})

    def list_updates(self) -> ActionResult:
        """ListUpdates."""
        return self._page("list_updates", "updateIds")

    def describe_cluster_versions(self) -> ActionResult:
        """DescribeClusterVersions."""
        return self._page("describe_cluster_versions", "clusterVersions")

    def create_access_entry(self) -> ActionResult:
        """CreateAccessEntry."""
        return ActionResult({"accessEntry": self._call_once("create_access_entry").to_dict()})

    def describe_access_entry(self) -> ActionResult:
        """DescribeAccessEntry."""
        return ActionResult({"accessEntry": self._call("describe_access_entry").to_dict()})

    def update_access_entry(self) -> ActionResult:
        """UpdateAccessEntry."""
        return ActionResult({"accessEntry": self._call("update_access_entry").to_dict()})

    def delete_access_entry(self) -> ActionResult:
        """DeleteAccessEntry."""
        self._call("delete_access_entry")
        return EmptyResult()

    def list_access_entries(self) -> ActionResult:
        """ListAccessEntries."""
        return self._page("list_access_entries", "accessEntries")

    def list_access_policies(self) -> ActionResult:
        """ListAccessPolicies."""
        return self._page("list_access_policies", "accessPolicies")

    def associate_access_policy(self) -> ActionResult:
        """AssociateAccessPolicy."""
        policy = self._call("associate_access_policy")
        return ActionResult({**self._entry_names(), "associatedAccessPolicy": policy})

    def disassociate_access_policy(self) -> ActionResult:
        """DisassociateAccessPolicy."""
        self._call("disassociate_access_policy")
        return EmptyResult()

    def list_associated_access_policies(self) -> ActionResult:
        """ListAssociatedAccessPolicies."""
        return self._page(
            "list_associated_access_policies", "associatedAccessPolicies", **self._entry_names()
        )

    def _entry_names(self) -> dict[str, str]:
        return {name: self._get_param(name) for name in ("clusterName", "principalArn")}


