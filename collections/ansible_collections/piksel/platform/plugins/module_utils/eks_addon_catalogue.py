# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EKS offers of an add-on: the versions for a Kubernetes version, and the schema of the configuration of each."""

from __future__ import annotations

import difflib
import json
import re

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

try:
    import yaml
except ImportError:
    # JSON is YAML too, and what we write is JSON.
    yaml = None

_load = json.loads if yaml is None else yaml.safe_load
_UNREADABLE = ValueError if yaml is None else yaml.YAMLError
# The version that stands for the one EKS has as default for the Kubernetes version.
DEFAULT = "default"
# So many versions are named when one is refused; EKS may have dozens.
NAMED = 5


def offered(clients, name: str, kubernetes_version: str) -> dict[str, bool]:
    """Versions of the add-on that fit a Kubernetes version, newest first, each with whether it is the default.

    Empty when EKS knows no such add-on, or has none for this version.
    https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonVersions.html
    """
    paginator = clients.client("eks").get_paginator("describe_addon_versions")
    try:
        pages = paginator.paginate(addonName=name, kubernetesVersion=kubernetes_version)
        infos = [info for page in pages for addon in page["addons"] for info in addon["addonVersions"]]
    except is_boto3_error_code(["ResourceNotFoundException", "InvalidParameterException"]):
        return {}
    defaults = {
        info["addonVersion"]: any(
            one.get("defaultVersion") and one.get("clusterVersion") == kubernetes_version
            for one in info.get("compatibilities", [])
        )
        for info in infos
    }
    return dict(sorted(defaults.items(), key=lambda item: order(item[0]), reverse=True))


def chosen(name: str, wanted: str, offers: dict[str, bool], kubernetes_version: str) -> tuple[str, str]:
    """(the version to install, why it is this one). Raises PlatformError when EKS offers none that fits."""
    subject = f"add-on {name}"
    if not offers:
        raise PlatformError(
            f"EKS offers no such add-on for Kubernetes {kubernetes_version}",
            subject=subject,
            advice="Check the name: `aws eks describe-addon-versions` lists all of them.",
        )
    default = next((version for version, is_default in offers.items() if is_default), next(iter(offers)))
    if wanted == DEFAULT:
        return default, f"the default of EKS for Kubernetes {kubernetes_version}"
    if wanted not in offers:
        known = ", ".join(list(offers)[:NAMED])
        raise PlatformError(
            f"EKS does not offer version {wanted} of it for Kubernetes {kubernetes_version}",
            subject=subject,
            advice=f"It offers {known}{', ...' if len(offers) > NAMED else ''}; `{DEFAULT}` stands for {default}.",
        )
    told = "it is the default" if wanted == default else f"the default is {default}"
    return wanted, f"the one that was given; for Kubernetes {kubernetes_version} {told}"


def order(version: str) -> tuple:
    """Something to compare versions by: (1, 13, 2, 4) for v1.13.2-eksbuild.4."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def parsed(text: str | None) -> dict:
    """Configuration values as a map, whether they were written as JSON or YAML; what is neither stays as it is, under
    an empty name, so that it differs from everything that could be wanted."""
    if not text or not text.strip():
        return {}
    try:
        values = _load(text)
    except _UNREADABLE:
        values = text
    return values if isinstance(values, dict) else {"": values} if values is not None else {}


def schema(clients, name: str, version: str) -> dict:
    """The JSON schema of the configuration values of one version.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonConfiguration.html
    """
    answer = clients.client("eks").describe_addon_configuration(addonName=name, addonVersion=version)
    return json.loads(answer["configurationSchema"] or "{}")


def problems(document: dict, values: dict) -> list[str]:
    """What the schema ``document`` has against configuration values, one text for each finding, sorted.

    Raises PlatformError when the library that reads schemas is not installed.
    """
    try:
        # Only what is made or changed is checked: a silent run is not to pay for this import.
        from jsonschema.validators import validator_for
    except ImportError as error:
        raise PlatformError(missing_required_lib("jsonschema")) from error
    found = []
    for error in validator_for(document)(document).iter_errors(values):
        where = ".".join(str(part) for part in error.absolute_path)
        found += _unknown_keys(error, where) or [f"{where or 'the whole'}: {error.message}"]
    return sorted(found)


def _unknown_keys(error, where):
    """One text for each key that the schema lacks, with the nearest that it has; [] for another finding."""
    if error.validator != "additionalProperties" or not isinstance(error.instance, dict):
        return []
    known = error.schema.get("properties", {})
    texts = []
    for key in sorted(set(error.instance) - set(known)):
        near = difflib.get_close_matches(str(key), known, 1)
        texts.append(f"{where}{'.' if where else ''}{key} is unknown" + (f", did you mean {near[0]}" if near else ""))
    return texts


def refused_configuration(clients, name: str, version: str, values: dict) -> list[PlatformError]:
    """A finding for each thing that the schema of this version has against the values; none for no values."""
    if not values:
        return []
    return [
        PlatformError(
            text,
            subject=f"configuration of add-on {name}",
            advice=f"`aws eks describe-addon-configuration` shows what version {version} takes.",
        )
        for text in problems(schema(clients, name, version), values)
    ]
