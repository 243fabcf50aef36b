"""Tags of every EKS object that has an ARN."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException

from .exceptions import BadRequestException, NotFoundException
from .models_cluster import Cluster

MAXIMUM_TAGS = 50


class TagBackend:
    """The tagging operations of `EKSBackend`."""

    clusters: dict[str, Cluster]

    def tag_resource(self, resource_arn: str, tags: dict[str, str]) -> None:
        """TagResource. Raises NotFoundException, or BadRequestException for a reserved key or too many tags."""
        target = self._tagged(resource_arn)
        check_tags(tags)
        if len({**target.tags, **tags}) > MAXIMUM_TAGS:
            raise BadRequestException(f"A resource can have at most {MAXIMUM_TAGS} tags")
        target.tags.update(tags)

    def untag_resource(self, resource_arn: str, tag_keys: list[str]) -> None:
        """UntagResource; keys that are not there are passed over."""
        target = self._tagged(resource_arn)
        for key in tag_keys:
            target.tags.pop(key, None)

    def list_tags_for_resource(self, resource_arn: str) -> dict[str, str]:
        """ListTagsForResource."""
        return dict(self._tagged(resource_arn).tags)

    def _tagged(self, arn: str) -> Any:
        for cluster in self.clusters.values():
            if cluster.arn == arn:
                return cluster
            for objects in (
                cluster.nodegroups,
                cluster.fargate_profiles,
                cluster.addons,
                cluster.access_entries,
                cluster.pod_identities,
                cluster.identity_providers,
            ):
                for item in objects.values():
                    if item.arn == arn:
                        return item
        raise NotFoundException("Resource was not found")


def check_tags(tags: dict[str, str], error: type[ServiceException] = BadRequestException) -> None:
    """Raise `error` for a key that belongs to AWS, or one too long."""
    for key, value in tags.items():
        if key.lower().startswith("aws:"):
            raise error("Tag keys starting with 'aws:' are reserved for system use")
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise error("Tag keys have 1 to 128 and values at most 256 characters")
