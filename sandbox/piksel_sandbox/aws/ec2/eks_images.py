"""Images of EKS nodes, which AWS publishes: a release of each Kubernetes version every few weeks.

https://docs.aws.amazon.com/eks/latest/userguide/eks-linux-ami-versions.html
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from moto.ec2.models.amis import Ami

from piksel_sandbox.aws.eks.utils import data

VARIANTS = (("x86_64", "standard"), ("x86_64", "nvidia"), ("arm64", "standard"))
# The account that publishes the EKS images in ap-southeast-3.
IMAGE_OWNER = "296578399912"
NAME = re.compile(r"amazon-eks-node-al2023-(x86_64|arm64)-(standard|nvidia)-(\d+\.\d+)-v(\d{8})")


def name_of(architecture: str, variant: str, version: str, release: str) -> str:
    """The name of an image; `release` is a date, `20260403`."""
    return f"amazon-eks-node-al2023-{architecture}-{variant}-{version}-v{release}"


def parts(name: str) -> tuple[str, ...]:
    """Architecture, variant, Kubernetes version and release of an image's name; four times "" for any other name."""
    found = NAME.fullmatch(name)
    return found.groups() if found else ("",) * 4


def newest() -> dict[str, tuple[str, str]]:
    """Kubernetes version -> (its patch version, the newest release of its images)."""
    return {row["clusterVersion"]: (row["kubernetesPatchVersion"], row["nodeRelease"]) for row in data("versions")}


def image_id(name: str, region: str) -> str:
    """The image's id, the same in every run."""
    return f"ami-0{hashlib.sha256(f'{region}/{name}'.encode()).hexdigest()[:16]}"


def published(ec2: Any, name: str) -> Ami | None:
    """The image of that name, which moto's EC2 backend has from then on; None for one that was never published.

    Any date up to the newest release counts as a release.
    """
    architecture, variant, version, release = parts(name)
    if (architecture, variant) not in VARIANTS or release > newest().get(version, ("", ""))[1]:
        return None
    image = image_id(name, ec2.region_name)
    if image not in ec2.amis:
        ec2.amis[image] = Ami(
            ec2,
            image,
            name=name,
            description=f"EKS-optimized node based on Amazon Linux 2023, (k8s: {version}, variant: {variant})",
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
    return ec2.amis[image]
