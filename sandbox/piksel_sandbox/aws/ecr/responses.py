"""Operations of a pull."""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.ecr.models import ecr_backends
from moto.ecr.responses import ECRResponse

from piksel_sandbox.identities import identify

from .models import SandboxECRBackend


class SandboxECRResponse(ECRResponse):
    """moto's ECR; what pulls asks the repository's policy first."""

    def _puller(self, operation: str) -> SandboxECRBackend:
        own = ecr_backends[self.current_account][self.region]
        return own.pulled(
            identify(self.get_access_key()),
            operation,
            self._get_param("repositoryName"),
            self._get_param("registryId"),
        )

    def get_download_url_for_layer(self) -> ActionResult:
        """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html"""
        name, digest = self._get_param("repositoryName"), self._get_param("layerDigest")
        url = self._puller("GetDownloadUrlForLayer").get_download_url_for_layer(name, digest)
        return ActionResult({"downloadUrl": url, "layerDigest": digest})

    def batch_get_image(self) -> ActionResult:
        """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html"""
        name, registry = self._get_param("repositoryName"), self._get_param("registryId")
        backend = self._puller("BatchGetImage")
        return ActionResult(backend.batch_get_image(name, registry, self._get_param("imageIds")))

    def batch_check_layer_availability(self) -> ActionResult:
        """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchCheckLayerAvailability.html"""
        name, registry = self._get_param("repositoryName"), self._get_param("registryId")
        backend = self._puller("BatchCheckLayerAvailability")
        digests = self._get_param("layerDigests")
        return ActionResult(backend.batch_check_layer_availability(name, digests, registry_id=registry))
