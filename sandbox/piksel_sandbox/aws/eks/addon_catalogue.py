"""The add-ons that EKS offers: versions by Kubernetes version, defaults, configuration schemas."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import yaml

from .exceptions import InvalidParameterException, ResourceNotFoundException
from .utils import data, first

ARCHITECTURES = ["amd64", "arm64"]


def entry(name: str) -> dict[str, Any]:
    """Catalogue entry of an add-on. Raises InvalidParameterException for an unknown name."""
    found = first(data("addons"), lambda item: item["addonName"] == name)
    if found is None:
        raise InvalidParameterException("Addon specified is not supported", addon=name)
    return found


def version_for(name: str, version: str | None, kubernetes_version: str) -> str:
    """`version`, or the default, for a Kubernetes version. Raises InvalidParameterException if they do not fit."""
    offered = entry(name)
    if version is None:
        version = offered["defaults"].get(kubernetes_version)
    if version is None or kubernetes_version not in offered["versions"].get(version, []):
        raise InvalidParameterException("Addon version specified is not supported", addon=name)
    return version


def schema_of(name: str) -> dict[str, Any]:
    """JSON schema of an add-on's configuration values."""
    return data(f"addon_schemas/{entry(name)['addonName']}")


def check_configuration(name: str, values: str | None) -> None:
    """Raise InvalidParameterException unless the text (JSON or YAML) fits the add-on's schema."""
    if not values:
        return
    try:
        parsed = yaml.safe_load(values)
    except yaml.YAMLError:
        raise InvalidParameterException(
            "ConfigurationValue provided in request is not supported: invalid JSON or YAML", addon=name
        ) from None
    validator = jsonschema.Draft6Validator(schema_of(name))
    problems = [f"{error.json_path}: {_text(error)}" for error in validator.iter_errors(parsed)]
    if problems:
        raise InvalidParameterException(
            "ConfigurationValue provided in request is not supported: Json schema validation failed with error:"
            f" [{', '.join(sorted(problems))}]",
            addon=name,
        )


def _text(error: jsonschema.ValidationError) -> str:
    if error.validator == "type":
        wanted = error.validator_value
        expected = wanted if isinstance(wanted, str) else "|".join(wanted)
        return f"{_kind(error.instance)} found, {expected} expected"
    if error.validator == "additionalProperties":
        return "is not defined in the schema and the schema does not allow additional properties: " + error.message
    return error.message


def _kind(value: Any) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


class CatalogueBackend:
    """DescribeAddonVersions and DescribeAddonConfiguration of `EKSBackend`."""

    def describe_addon_versions(
        self,
        kubernetes_version: str | None = None,
        addon_name: str | None = None,
        types: list[str] | None = None,
        publishers: list[str] | None = None,
        owners: list[str] | None = None,
    ) -> list[dict[str, Any]]:
        """Shapes `AddonInfo`, versions newest first. Raises ResourceNotFoundException for an unknown add-on."""
        chosen = [item for item in data("addons") if addon_name in (None, item["addonName"])]
        if addon_name and not chosen:
            raise ResourceNotFoundException(f"No addon found with name: {addon_name}", addon=addon_name)
        found = []
        for item in chosen:
            versions = [
                _version_info(item, version, kubernetes)
                for version, clusters in item["versions"].items()
                if (kubernetes := [name for name in clusters if kubernetes_version in (None, name)])
            ]
            is_wanted = (
                (not types or item["type"] in types)
                and (not publishers or "eks" in publishers)
                and (not owners or "aws" in owners)
            )
            if versions and is_wanted:
                found.append(
                    {
                        "addonName": item["addonName"],
                        "type": item["type"],
                        "addonVersions": versions,
                        "publisher": "eks",
                        "owner": "aws",
                        "defaultNamespace": item["defaultNamespace"],
                    }
                )
        return found

    def describe_addon_configuration(self, addon_name: str, addon_version: str) -> dict[str, Any]:
        """Answer of DescribeAddonConfiguration; the schema is JSON text."""
        item = entry(addon_name)
        if addon_version not in item["versions"]:
            raise InvalidParameterException("Addon version specified is not supported", addon=addon_name)
        return {
            "addonName": addon_name,
            "addonVersion": addon_version,
            "configurationSchema": json.dumps(schema_of(addon_name), separators=(",", ":")),
            "podIdentityConfiguration": item["podIdentity"],
        }


def _version_info(item: dict[str, Any], version: str, kubernetes: list[str]) -> dict[str, Any]:
    return {
        "addonVersion": version,
        "architecture": ARCHITECTURES,
        "computeTypes": item["computeTypes"],
        "compatibilities": [
            {
                "clusterVersion": name,
                "platformVersions": ["*"],
                "defaultVersion": item["defaults"].get(name) == version,
            }
            for name in sorted(kubernetes, reverse=True)
        ],
        "requiresConfiguration": False,
        "requiresIamPermissions": bool(item["podIdentity"]),
    }
