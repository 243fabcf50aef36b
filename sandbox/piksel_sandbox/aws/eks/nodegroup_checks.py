"""Validation of the members of node group requests."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES
from werkzeug.exceptions import HTTPException

from . import checks
from .exceptions import InvalidParameterException
from .utils import without_none

MAXIMUM_TAINTS = 50
# From this minor on EKS publishes no Amazon Linux 2 images (https://docs.aws.amazon.com/eks/latest/userguide/eks-ami-deprecation-faqs.html).
FIRST_MINOR_WITHOUT_AL2 = 33


def scaling(config: dict[str, int]) -> None:
    """Raise InvalidParameterException unless 0 <= min <= desired <= max and max >= 1."""
    if config["minSize"] > config["maxSize"]:
        raise InvalidParameterException(
            f"Minimum capacity {config['minSize']} can't be greater than maximum size {config['maxSize']}"
        )
    if config["desiredSize"] < config["minSize"]:
        raise InvalidParameterException(
            f"Minimum capacity {config['minSize']} can't be greater than desired size {config['desiredSize']}"
        )
    if config["desiredSize"] > config["maxSize"]:
        raise InvalidParameterException(
            f"desired capacity {config['desiredSize']} can't be greater than max size {config['maxSize']}"
        )


def node_role(account_id: str, region: str, arn: str) -> None:
    """Raise InvalidParameterException unless the node role exists and EC2 may assume it."""
    role = checks.find_role(account_id, region, arn)
    match = checks.ROLE_ARN.match(arn)
    if match and match["account"] != account_id:
        raise InvalidParameterException("Cross-account pass role is not allowed.")
    if role is None or not checks.trusts(role, "ec2.amazonaws.com"):
        raise InvalidParameterException(f"The role with name {arn.rsplit('/', 1)[-1]} cannot be found.")


def ami_type(kind: str, version: str) -> None:
    """Raise InvalidParameterException for an image type that the Kubernetes version no longer has."""
    if kind.startswith("AL2_") and int(version.split(".")[1]) >= FIRST_MINOR_WITHOUT_AL2:
        raise InvalidParameterException(f"Requested amiType {kind} is not supported for kubernetes version {version}")


def instance_types(names: list[str]) -> None:
    """Raise InvalidParameterException for a type that EC2 does not have."""
    missing = [name for name in names if name not in INSTANCE_TYPES]
    if missing:
        raise InvalidParameterException(f"The following supplied instance types do not exist: [{', '.join(missing)}]")


def update_config(config: dict[str, Any]) -> dict[str, Any]:
    """The update configuration, which names one of the two limits."""
    if config.get("maxUnavailable") and config.get("maxUnavailablePercentage"):
        raise InvalidParameterException("You can specify either maxUnavailable or maxUnavailablePercentage, not both")
    return without_none(config)


def launch_template(account_id: str, region: str, wanted: dict[str, Any] | None) -> dict[str, str] | None:
    """Shape `LaunchTemplateSpecification` with name, id and version of an existing template, or None for none."""
    if not wanted:
        return None
    if bool(wanted.get("name")) == bool(wanted.get("id")):
        raise InvalidParameterException("You must specify either the launch template ID or the launch template name")
    ec2 = ec2_backends[account_id][region]
    try:
        if wanted.get("id"):
            template = ec2.get_launch_template(wanted["id"])
        else:
            template = ec2.get_launch_template_by_name(wanted["name"])
    except (HTTPException, ServiceException, KeyError):
        raise InvalidParameterException(
            f"Launch template {wanted.get('id') or wanted.get('name')} does not exist"
        ) from None
    version = str(wanted.get("version") or template.default_version_number)
    if not version.startswith("$") and version not in [str(item.number) for item in template.versions]:
        raise InvalidParameterException(f"Launch template version {version} does not exist")
    return {"name": template.name, "id": template.id, "version": version}


def template_members(request: dict[str, Any], template: dict[str, str] | None) -> None:
    """Raise InvalidParameterException for members that belong into the launch template, once there is one."""
    if template and request.get("diskSize"):
        raise InvalidParameterException("Disk size must be specified within the launch template.")
    if template and request.get("remoteAccess"):
        raise InvalidParameterException("Remote access configuration cannot be specified with a launch template.")


def changed_labels(before: dict[str, str], change: dict[str, Any]) -> dict[str, str]:
    """Labels after shape `UpdateLabelsPayload`."""
    added = change.get("addOrUpdateLabels") or {}
    for key in added:
        if key.startswith("eks.amazonaws.com/"):
            raise InvalidParameterException(f"Label key {key} uses the reserved prefix eks.amazonaws.com/")
    removed = change.get("removeLabels") or []
    return {key: value for key, value in {**before, **added}.items() if key not in removed}


def changed_taints(before: list[dict[str, str]], change: dict[str, Any]) -> list[dict[str, str]]:
    """Taints after shape `UpdateTaintsPayload`; a taint is known by key and effect."""
    after = {(taint["key"], taint["effect"]): taint for taint in before}
    for taint in change.get("removeTaints") or []:
        if (taint.get("key"), taint.get("effect")) not in after:
            raise InvalidParameterException(f"Taint {taint.get('key')} does not exist")
        del after[(taint["key"], taint["effect"])]
    for taint in change.get("addOrUpdateTaints") or []:
        if not taint.get("key") or not taint.get("effect"):
            raise InvalidParameterException("Taint key and effect are required")
        after[(taint["key"], taint["effect"])] = without_none(taint)
    if len(after) > MAXIMUM_TAINTS:
        raise InvalidParameterException(f"A node group can have at most {MAXIMUM_TAINTS} taints")
    return list(after.values())
