"""From HTTP to the EKS backend and back, for all operations."""

from __future__ import annotations

import builtins
from typing import Any
from urllib.parse import urlsplit

from botocore import xform_name
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
from moto.eks.responses import EKSResponse as MotoEKSResponse
from moto.sts.models import sts_backends

from .exceptions import InvalidParameterException
from .models import EKSBackend, eks_backends
from .models_tags import check_tags
from .utils import memo_key, page
from .validation import validate


def argument_name(member: str) -> str:
    """The backend's name for a member of a request: snake case, with an underscore where Python has a builtin."""
    name = xform_name(member)
    return f"{name}_" if hasattr(builtins, name) else name


class EKSResponseBase(MotoEKSResponse):
    """Parses and validates a request, calls the backend under its lock, answers in botocore's shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = True

    @property
    def eks_backend(self) -> EKSBackend:
        """The backend of the caller's account and the request's region."""
        return eks_backends[self.current_account][self.region]

    def get_region_from_url(self, request: Any, full_url: str) -> str:
        """The region by the host of the URL or else the signature, not by the path.

        An ARN in the path may hold `sso.amazonaws.com`, which moto's expression takes for a host of a region.
        """
        parts = urlsplit(full_url)
        return super().get_region_from_url(request, f"{parts.scheme}://{parts.netloc}")

    def call_action(self) -> TYPE_RESPONSE:
        """Run the operation under the backend's lock, after all states were moved on."""
        is_about_addons = "Addon" in (self._get_action() or "") or self._get_param("addonName")
        # DescribeUpdate and ListUpdates call the cluster `name`
        cluster = self._get_param("clusterName") or self._get_param("name")
        with self.eks_backend.session(cluster if is_about_addons else None):
            return super().call_action()

    def _arguments(self) -> dict[str, Any]:
        operation = get_service_model("eks").operation_model(self._get_action())
        params = {key: value for key, value in self.params.items() if value is not None}
        validate(operation.input_shape, params)
        if operation.name != "TagResource":
            check_tags(params.get("tags") or {}, InvalidParameterException)
        return params

    def _call(self, method: str, **extra: Any) -> Any:
        """Call a backend method with the request's members, their names in snake case."""
        arguments = {argument_name(key): value for key, value in self._arguments().items()}
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
            result = call(**{argument_name(key): value for key, value in params.items()}, **extra)
        if token:
            self.eks_backend.requests[(method, token)] = (memo_key(params), result)
        return result

    def _page(self, method: str, member: str, **extra: Any) -> ActionResult:
        """Answer one page of what a backend method lists, under the member `member`."""
        arguments = {argument_name(key): value for key, value in self._arguments().items()}
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

    def _entry_names(self) -> dict[str, str]:
        return {name: self._get_param(name) for name in ("clusterName", "principalArn")}
