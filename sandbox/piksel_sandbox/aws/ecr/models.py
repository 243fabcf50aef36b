"""moto's ECR backend, with the pull that it lacks.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
"""

from __future__ import annotations

from moto.core.exceptions import ServiceException
from moto.ecr.exceptions import RepositoryNotFoundException
from moto.ecr.models import ECRBackend, Repository, ecr_backends

from piksel_sandbox.aws.sts import trust
from piksel_sandbox.identities import Identity


class AccessDeniedException(ServiceException):
    """The repository's policy does not let the caller do this."""

    code = "AccessDeniedException"


class LayersNotFoundException(ServiceException):
    """The repository has no such layer."""

    code = "LayersNotFoundException"


class SandboxECRBackend(ECRBackend):
    """Another account's repository answers only to whom its policy names."""

    def pulled(self, caller: Identity | None, operation: str, name: str, registry_id: str | None) -> ECRBackend:
        """The backend that holds the repository, once the caller may do `operation` there.

        Raises RepositoryNotFoundException or AccessDeniedException.
        """
        account = registry_id or self.account_id
        backend = ecr_backends[account][self.region_name]
        repository: Repository | None = backend.repositories.get(name)
        if repository is None:
            raise RepositoryNotFoundException(name, account)
        if account != self.account_id and not _allows(repository, caller, operation):
            who = caller.arn if caller else "nobody"
            raise AccessDeniedException(
                f"User: {who} is not authorized to perform: ecr:{operation} on resource: {repository.arn} "
                f"because no resource-based policy allows the ecr:{operation} action"
            )
        return backend

    def get_download_url_for_layer(self, repository_name: str, layer_digest: str) -> str:
        """GetDownloadUrlForLayer: the sandbox keeps manifests, no layers."""
        raise LayersNotFoundException(
            f"The layer with digest {layer_digest} does not exist in the repository with name '{repository_name}' "
            f"in the registry with id '{self.account_id}'"
        )


def _allows(repository: Repository, caller: Identity | None, operation: str) -> bool:
    if caller is None or not repository.policy:
        return False
    return trust.allows(repository.policy, trust.Request(f"ecr:{operation}", "AWS", caller.principals))
