# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags: what changes on them, and objects found by the mark of ownership."""

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.module_utils import ownership
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute

TAGS = Attribute("tags", form="map")
_PREFIX = "tags."


def wanted(changes) -> dict:
    """The tags to set among these changes: key -> value."""
    return {change.path.removeprefix(_PREFIX): change.after for change in changes if change.path.startswith(_PREFIX)}


def touches(changes, *paths) -> bool:
    """True when one of the attribute paths is among the changes."""
    return any(change.path in paths for change in changes)


def marked(clients, kind: str, scope: str, service: str) -> dict:
    """The objects of a service that bear a mark of this kind and scope: ARN -> logical key. One call for all of them.

    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    The API lags behind by seconds, which is fine for finding what is no longer wanted, and for nothing else.
    """
    pages = (
        clients.client("resourcegroupstaggingapi")
        .get_paginator("get_resources")
        .paginate(ResourceTypeFilters=[service], TagFilters=[{"Key": ownership.MARK}])
    )
    found = {}
    for page in pages:
        for item in page["ResourceTagMappingList"]:
            values = [tag["Value"] for tag in item["Tags"] if tag["Key"] == ownership.MARK]
            key = ownership.marked_key(values[0], kind, scope) if values else None
            if key:
                found[item["ResourceARN"]] = key
    return found
