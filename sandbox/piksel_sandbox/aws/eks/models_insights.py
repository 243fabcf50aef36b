"""Upgrade insights, as of a cluster where nothing is wrong (https://docs.aws.amazon.com/eks/latest/userguide/cluster-insights.html)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from piksel_sandbox.aws.lifecycle import now

from .exceptions import ResourceNotFoundException
from .models_cluster import Cluster
from .utils import first

CHECKS = {
    "EKS add-on version compatibility": "Checks version of installed EKS add-ons to ensure they are compatible with"
    " the next version of Kubernetes.",
    "Cluster health issues": "Checks for any cluster health issues that prevent successful upgrade to the next"
    " Kubernetes version on EKS.",
    "Kubelet version skew": "Checks for kubelet minor version of worker nodes in the cluster to see if upgrade would"
    " cause non compliance with supported Kubernetes kubelet version skew policy.",
    "kube-proxy version skew": "Checks version of kube-proxy in cluster to see if upgrade would cause non compliance"
    " with supported Kubernetes kube-proxy version skew policy.",
}


class InsightBackend:
    """The insight operations of `EKSBackend`: each check of the upgrade readiness passes."""

    def list_insights(self, cluster_name: str, filter_: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """ListInsights: shapes `InsightSummary`."""
        cluster = self.describe_cluster(cluster_name)
        wanted = filter_ or {}
        return [
            insight
            for insight in _insights(cluster)
            if (not wanted.get("categories") or insight["category"] in wanted["categories"])
            and (not wanted.get("statuses") or insight["insightStatus"]["status"] in wanted["statuses"])
            and (not wanted.get("kubernetesVersions") or insight["kubernetesVersion"] in wanted["kubernetesVersions"])
        ]

    def describe_insight(self, cluster_name: str, id_: str) -> dict[str, Any]:
        """DescribeInsight: shape `Insight`. Raises ResourceNotFoundException."""
        found = first(self.list_insights(cluster_name), lambda insight: insight["id"] == id_)
        if found is None:
            raise ResourceNotFoundException(f"No insight found with id: {id_}", cluster=cluster_name)
        details = {
            "recommendation": "",
            "additionalInfo": {},
            "resources": [],
            "categorySpecificSummary": {"deprecationDetails": [], "addonCompatibilityDetails": []},
        }
        return found | details

    def start_insights_refresh(self, cluster_name: str) -> dict[str, str]:
        """StartInsightsRefresh: the answer."""
        self.describe_cluster(cluster_name).insights_refreshed_at = now()
        return {"message": "Insights refresh started", "status": "IN_PROGRESS"}

    def describe_insights_refresh(self, cluster_name: str) -> dict[str, Any]:
        """DescribeInsightsRefresh: the answer. Raises ResourceNotFoundException before the first refresh."""
        moment: datetime | None = getattr(self.describe_cluster(cluster_name), "insights_refreshed_at", None)
        if moment is None:
            raise ResourceNotFoundException("No insights refresh found", cluster=cluster_name)
        return {"message": "Insights refresh completed", "status": "COMPLETED", "startedAt": moment, "endedAt": moment}


def _insights(cluster: Cluster) -> list[dict[str, Any]]:
    major, minor = cluster.version.split(".")
    return [
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{cluster.arn}/{cluster.ref.uid}/{name}")),
            "name": name,
            "category": "UPGRADE_READINESS",
            "kubernetesVersion": f"{major}.{int(minor) + 1}",
            "lastRefreshTime": cluster.created_at,
            "lastTransitionTime": cluster.created_at,
            "description": description,
            "insightStatus": {"status": "PASSING", "reason": "No issues found."},
        }
        for name, description in CHECKS.items()
    ]
