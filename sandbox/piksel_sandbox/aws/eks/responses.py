"""The operations of the EKS API: each is the method of its name, as moto's dispatcher wants it."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult

from .responses_compute import ComputeOperations
from .responses_software import SoftwareOperations


class EKSResponse(ComputeOperations, SoftwareOperations):
    """All operations; those of clusters, access and tags are here."""

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
        return self._page("list_associated_access_policies", "associatedAccessPolicies", **self._entry_names())

    def tag_resource(self) -> ActionResult:
        """TagResource."""
        self._call("tag_resource")
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        """UntagResource."""
        self._call("untag_resource")
        return EmptyResult()

    def list_tags_for_resource(self) -> ActionResult:
        """ListTagsForResource."""
        return ActionResult({"tags": self._call("list_tags_for_resource")})
