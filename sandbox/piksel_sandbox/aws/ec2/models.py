"""moto's EC2 backend with what the sandbox adds to it."""

from __future__ import annotations

import fnmatch
from typing import Any

from . import eks_images
from .models_fleets import Fleets
from .models_interfaces import Interfaces
from .models_launch_templates import LaunchTemplates


class SandboxEC2Backend(Fleets, LaunchTemplates, Interfaces):
    """EC2 of one account and region."""

    def describe_images(self, ami_ids: list[str] | None = None, filters: Any = None, *rest: Any, **more: Any) -> Any:
        """DescribeImages; images of EKS nodes are there by their name, whichever release."""
        for name in (filters or {}).get("name", []):
            eks_images.published(self, name)
        return super().describe_images(ami_ids, filters, *rest, **more)

    def matches_filters(self, offering: dict[str, Any], filters: dict[str, list[str]], location_type: str) -> bool:
        """Whether an offering of DescribeInstanceTypeOfferings is asked for; names may have wildcards."""
        rest = {key: values for key, values in filters.items() if key != "instance-type"}
        patterns = filters.get("instance-type", ["*"])
        named = any(fnmatch.fnmatchcase(offering["InstanceType"], pattern) for pattern in patterns)
        return named and super().matches_filters(offering, rest, location_type)
