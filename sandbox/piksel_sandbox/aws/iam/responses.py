"""Operations of IAM that moto lacks or answers otherwise."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.responses import IamResponse

from .models import SandboxIAMBackend


class SandboxIamResponse(IamResponse):
    """moto's IAM, with client ids of OIDC providers."""

    backend: SandboxIAMBackend

    def list_policy_versions(self) -> ActionResult:
        """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyVersions.html: without documents."""
        versions = self.backend.list_policy_versions(self._get_param("PolicyArn"))
        shown = [
            {"VersionId": one.version_id, "IsDefaultVersion": one.is_default, "CreateDate": one.create_date}
            for one in versions
        ]
        return ActionResult({"Versions": shown, "IsTruncated": False})

    def list_entities_for_policy(self) -> ActionResult:
        """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html: by the way it is used."""
        arn, usage = self._get_param("PolicyArn"), self._get_param("PolicyUsageFilter")
        wanted, prefix = self._get_param("EntityFilter"), self._get_param("PathPrefix") or "/"
        answer: dict[str, object] = {"IsTruncated": False}
        for kind, holders in self.backend.holders().items():
            answer[f"Policy{kind}s"] = [
                {f"{kind}Name": one.name, f"{kind}Id": one.id}
                for one in holders
                if wanted in (None, kind) and one.path.startswith(prefix) and arn in self.backend.uses(one, usage)
            ]
        return ActionResult(answer)

    def add_client_id_to_open_id_connect_provider(self) -> ActionResult:
        """https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html"""
        self.backend.add_client_id_to_open_id_connect_provider(*self._provider_and_client())
        return EmptyResult()

    def remove_client_id_from_open_id_connect_provider(self) -> ActionResult:
        """https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveClientIDFromOpenIDConnectProvider.html"""
        self.backend.remove_client_id_from_open_id_connect_provider(*self._provider_and_client())
        return EmptyResult()

    def _provider_and_client(self) -> tuple[str, str]:
        return self._get_param("OpenIDConnectProviderArn"), self._get_param("ClientID")
