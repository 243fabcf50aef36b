"""Operations of add-ons, Pod Identity, identity providers and insights."""

from __future__ import annotations

from moto.core.responses import ActionResult

from .responses_base import EKSResponseBase


class SoftwareOperations(EKSResponseBase):
    """What runs on a cluster, and as whom."""

    def create_addon(self) -> ActionResult:
        """CreateAddon."""
        return ActionResult({"addon": self._call_once("create_addon").to_dict()})

    def describe_addon(self) -> ActionResult:
        """DescribeAddon."""
        return ActionResult({"addon": self._call("describe_addon").to_dict()})

    def list_addons(self) -> ActionResult:
        """ListAddons."""
        return self._page("list_addons", "addons")

    def update_addon(self) -> ActionResult:
        """UpdateAddon."""
        return ActionResult({"update": self._call_once("update_addon").to_dict()})

    def delete_addon(self) -> ActionResult:
        """DeleteAddon."""
        return ActionResult({"addon": self._call("delete_addon").to_dict()})

    def describe_addon_versions(self) -> ActionResult:
        """DescribeAddonVersions."""
        return self._page("describe_addon_versions", "addons")

    def describe_addon_configuration(self) -> ActionResult:
        """DescribeAddonConfiguration."""
        return ActionResult(self._call("describe_addon_configuration"))

    def create_pod_identity_association(self) -> ActionResult:
        """CreatePodIdentityAssociation."""
        return ActionResult({"association": self._call_once("create_pod_identity_association").to_dict()})

    def describe_pod_identity_association(self) -> ActionResult:
        """DescribePodIdentityAssociation."""
        return ActionResult({"association": self._call("describe_pod_identity_association").to_dict()})

    def update_pod_identity_association(self) -> ActionResult:
        """UpdatePodIdentityAssociation."""
        return ActionResult({"association": self._call_once("update_pod_identity_association").to_dict()})

    def delete_pod_identity_association(self) -> ActionResult:
        """DeletePodIdentityAssociation."""
        return ActionResult({"association": self._call("delete_pod_identity_association").to_dict()})

    def list_pod_identity_associations(self) -> ActionResult:
        """ListPodIdentityAssociations."""
        return self._page("list_pod_identity_associations", "associations")

    def associate_identity_provider_config(self) -> ActionResult:
        """AssociateIdentityProviderConfig."""
        update = self._call_once("associate_identity_provider_config")
        return ActionResult({"update": update.to_dict(), "tags": self._get_param("tags") or {}})

    def describe_identity_provider_config(self) -> ActionResult:
        """DescribeIdentityProviderConfig."""
        return ActionResult({"identityProviderConfig": self._call("describe_identity_provider_config").to_dict()})

    def disassociate_identity_provider_config(self) -> ActionResult:
        """DisassociateIdentityProviderConfig."""
        return ActionResult({"update": self._call_once("disassociate_identity_provider_config").to_dict()})

    def list_identity_provider_configs(self) -> ActionResult:
        """ListIdentityProviderConfigs."""
        return self._page("list_identity_provider_configs", "identityProviderConfigs")

    def list_insights(self) -> ActionResult:
        """ListInsights."""
        return self._page("list_insights", "insights")

    def describe_insight(self) -> ActionResult:
        """DescribeInsight."""
        return ActionResult({"insight": self._call("describe_insight")})

    def start_insights_refresh(self) -> ActionResult:
        """StartInsightsRefresh."""
        return ActionResult(self._call("start_insights_refresh"))

    def describe_insights_refresh(self) -> ActionResult:
        """DescribeInsightsRefresh."""
        return ActionResult(self._call("describe_insights_refresh"))
