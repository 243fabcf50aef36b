"""Operations of node groups and Fargate profiles."""

from __future__ import annotations

from moto.core.responses import ActionResult

from .responses_base import EKSResponseBase


class ComputeOperations(EKSResponseBase):
    """What runs pods."""

    def create_nodegroup(self) -> ActionResult:
        """CreateNodegroup."""
        return ActionResult({"nodegroup": self._call_once("create_nodegroup", is_whole=True).to_dict()})

    def describe_nodegroup(self) -> ActionResult:
        """DescribeNodegroup."""
        return ActionResult({"nodegroup": self._call("describe_nodegroup").to_dict()})

    def list_nodegroups(self) -> ActionResult:
        """ListNodegroups."""
        return self._page("list_nodegroups", "nodegroups")

    def delete_nodegroup(self) -> ActionResult:
        """DeleteNodegroup."""
        return ActionResult({"nodegroup": self._call("delete_nodegroup").to_dict()})

    def update_nodegroup_config(self) -> ActionResult:
        """UpdateNodegroupConfig."""
        return ActionResult({"update": self._call_once("update_nodegroup_config", is_whole=True).to_dict()})

    def update_nodegroup_version(self) -> ActionResult:
        """UpdateNodegroupVersion."""
        return ActionResult({"update": self._call_once("update_nodegroup_version").to_dict()})

    def create_fargate_profile(self) -> ActionResult:
        """CreateFargateProfile."""
        return ActionResult({"fargateProfile": self._call_once("create_fargate_profile").to_dict()})

    def describe_fargate_profile(self) -> ActionResult:
        """DescribeFargateProfile."""
        return ActionResult({"fargateProfile": self._call("describe_fargate_profile").to_dict()})

    def list_fargate_profiles(self) -> ActionResult:
        """ListFargateProfiles."""
        return self._page("list_fargate_profiles", "fargateProfileNames")

    def delete_fargate_profile(self) -> ActionResult:
        """DeleteFargateProfile."""
        return ActionResult({"fargateProfile": self._call("delete_fargate_profile").to_dict()})
