"""Public parameters under /aws/service/eks/optimized-ami.

https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ssm.models import Parameter, ParameterDict
from moto.ssm.models import SimpleSystemManagerBackend as MotoSimpleSystemManagerBackend

from piksel_sandbox.aws.eks.utils import data

PREFIX = "/aws/service/eks"
VARIANTS = (("x86_64", "standard"), ("x86_64", "nvidia"), ("arm64", "standard"))
# The account that publishes the EKS images in ap-southeast-3.
IMAGE_OWNER = "296578399912"


def node_images() -> Iterator[tuple[str, str, str, str, str]]:
    """Of each image: Kubernetes version, architecture, variant, name, release version."""
    for entry in data("versions"):
        version, patch, release = entry["clusterVersion"], entry["kubernetesPatchVersion"], entry["nodeRelease"]
        for architecture, variant in VARIANTS:
            name = f"amazon-eks-node-al2023-{architecture}-{variant}-{version}-v{release}"
            yield version, architecture, variant, name, f"{patch}-{release}"


def image_id(name: str, region: str) -> str:
    """The image's id, the same in every run."""
    return f"ami-0{hashlib.sha256(f'{region}/{name}'.encode()).hexdigest()[:16]}"


class EksParameterDict(ParameterDict):
    """moto's parameters, and those of EKS once one of them is asked for."""

    def __init__(self, account_id: str, region_name: str):
        super().__init__(account_id, region_name)
        self.eks_images_loaded = False

    def _check_loading_status(self, key: str) -> None:
        super()._check_loading_status(key)
        if str(key or "").startswith(PREFIX) and not self.eks_images_loaded:
            self.eks_images_loaded = True
            self._load_eks_images()

    def _load_eks_images(self) -> None:
        ec2 = ec2_backends[self.account_id][self.region_name]
        for version, architecture, variant, name, release in node_images():
            image = image_id(name, self.region_name)
            if image not in ec2.amis:
                ec2.amis[image] = _image(ec2, image, name, architecture, version, variant)
            base = f"{PREFIX}/optimized-ami/{version}/amazon-linux-2023/{architecture}/{variant}"
            whole = {"schema_version": "2", "image_id": image, "image_name": name, "release_version": release}
            for parent in (f"{base}/recommended", f"{base}/{name}"):
                self._add_public(parent, json.dumps(whole))
                for member in ("image_id", "image_name", "release_version"):
                    self._add_public(f"{parent}/{member}", whole[member])

    def _add_public(self, name: str, value: str) -> None:
        parameter = Parameter(
            account_id=self.account_id,
            name=name,
            value=value,
            parameter_type="String",
            description=None,
            allowed_pattern=None,
            keyid=None,
            last_modified_date=utcnow(),
            version=1,
            data_type="text",
        )
        # As moto does for its own: not through __getitem__ of this class, which would load again.
        super(ParameterDict, self).__getitem__(name).append(parameter)


def _image(ec2: object, image: str, name: str, architecture: str, version: str, variant: str) -> Ami:
    return Ami(
        ec2,
        image,
        name=name,
        description=f"EKS-optimized Kubernetes node based on Amazon Linux 2023, (k8s: {version}, variant: {variant})",
        owner_id=IMAGE_OWNER,
        owner_alias="amazon",
        public=True,
        virtualization_type="hvm",
        architecture=architecture,
        image_location=f"amazon/{name}",
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name="/dev/xvda",
        boot_mode="uefi-preferred",
    )


class SimpleSystemManagerBackend(MotoSimpleSystemManagerBackend):
    """moto's SSM backend with the EKS parameters."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self._parameters = EksParameterDict(account_id, region_name)

    def describe_parameters(
        self, filters: list[dict[str, Any]], parameter_filters: list[dict[str, Any]]
    ) -> list[Parameter]:
        """DescribeParameters: the account's own; public parameters are found by name or path only."""
        found = super().describe_parameters(filters, parameter_filters)
        return [parameter for parameter in found if not parameter.name.startswith(f"{PREFIX}/")]
