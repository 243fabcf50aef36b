"""Public parameters under /aws/service/eks/optimized-ami.

https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.ssm.models import Parameter, ParameterDict
from moto.ssm.models import SimpleSystemManagerBackend as MotoSimpleSystemManagerBackend

from piksel_sandbox.aws.ec2 import eks_images

PREFIX = "/aws/service/eks"
# A release by its name, the parameter itself or a member of it.
RELEASE = re.compile(rf"{PREFIX}/optimized-ami/[^/]+/amazon-linux-2023/[^/]+/[^/]+/(?P<name>[^/]+)(/\w+)?")


class EksParameterDict(ParameterDict):
    """moto's parameters, and those of EKS: the newest release of all images, and older ones that are asked for."""

    def __init__(self, account_id: str, region_name: str):
        super().__init__(account_id, region_name)
        self.eks_images_loaded = False

    def _check_loading_status(self, key: str) -> None:
        super()._check_loading_status(key)
        key = str(key or "")
        if not key.startswith(PREFIX):
            return
        if not self.eks_images_loaded:
            self.eks_images_loaded = True
            self._load_newest()
        asked = RELEASE.fullmatch(key)
        if asked and not super(ParameterDict, self).__contains__(key):
            self._add_image(asked["name"], asked["name"])

    def _load_newest(self) -> None:
        for version, (_patch, release) in eks_images.newest().items():
            for architecture, variant in eks_images.VARIANTS:
                name = eks_images.name_of(architecture, variant, version, release)
                self._add_image(name, "recommended")
                self._add_image(name, name)

    def _add_image(self, name: str, parent: str) -> None:
        """The parameters of an image below `parent`, if it was published."""
        image = eks_images.published(ec2_backends[self.account_id][self.region_name], name)
        if image is None:
            return
        architecture, variant, version, release = eks_images.parts(name)
        base = f"{PREFIX}/optimized-ami/{version}/amazon-linux-2023/{architecture}/{variant}/{parent}"
        patch = eks_images.newest()[version][0]
        whole = {
            "schema_version": "2",
            "image_id": image.id,
            "image_name": name,
            "release_version": f"{patch}-{release}",
        }
        self._add_public(base, json.dumps(whole))
        for member in ("image_id", "image_name", "release_version"):
            self._add_public(f"{base}/{member}", whole[member])

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
