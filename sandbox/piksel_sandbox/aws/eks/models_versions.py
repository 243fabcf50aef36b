"""DescribeClusterVersions: the Kubernetes versions of the service and their support."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .exceptions import InvalidParameterException
from .utils import data

STATUS = {
    "STANDARD_SUPPORT": "standard-support",
    "EXTENDED_SUPPORT": "extended-support",
    "UNSUPPORTED": "unsupported",
}
DATES = ("releaseDate", "endOfStandardSupportDate", "endOfExtendedSupportDate")


class VersionBackend:
    """The version catalogue of `EKSBackend`; its dates are those of the service's release calendar."""

    def describe_cluster_versions(
        self,
        cluster_type: str | None = None,
        default_only: bool | None = None,
        include_all: bool | None = None,
        cluster_versions: list[str] | None = None,
        status: str | None = None,
        version_status: str | None = None,
    ) -> list[dict[str, Any]]:
        """Shapes `ClusterVersionInformation`, newest first; unsupported versions only when asked for."""
        if cluster_type not in (None, "eks"):
            raise InvalidParameterException(f"Invalid cluster type: {cluster_type}")
        chosen = []
        for entry in data("versions"):
            wanted = (
                (include_all or version_status or status or cluster_versions or entry["versionStatus"] != "UNSUPPORTED")
                and (not default_only or entry["defaultVersion"])
                and (not cluster_versions or entry["clusterVersion"] in cluster_versions)
                and version_status in (None, entry["versionStatus"])
                and status in (None, STATUS[entry["versionStatus"]])
            )
            if wanted:
                dates = {name: datetime.fromisoformat(entry[name]) for name in DATES}
                chosen.append({**entry, **dates, "clusterType": "eks", "status": STATUS[entry["versionStatus"]]})
        return chosen
