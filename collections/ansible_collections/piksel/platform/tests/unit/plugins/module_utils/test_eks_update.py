# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a check sees of a cluster whose updates are under way, or that is to be made anew."""

from __future__ import annotations

import types

from ansible_collections.piksel.platform.plugins.module_utils import eks_access, eks_cluster

UNKNOWN = "(known after apply: eks_cluster/eks_cluster.cluster.endpoint)"
UPDATES = {
    "old": {"status": "Successful", "params": [{"type": "Version", "value": "1.33"}]},
    "new": {
        "status": "InProgress",
        "params": [
            {"type": "Version", "value": "1.30"},
            {"type": "PlatformVersion", "value": "eks.1"},
            {"type": "EndpointPublicAccess", "value": "false"},
            {"type": "PublicAccessCidrs", "value": '["192.0.2.0/24"]'},
            {"type": "Subnets", "value": "subnet-1, subnet-2"},
        ],
    },
}


class Eks:
    """Tells of updates; any other call is one too many."""

    def get_paginator(self, name: str) -> types.SimpleNamespace:
        assert name == "list_updates"
        return types.SimpleNamespace(paginate=lambda **_: [{"updateIds": list(UPDATES)}])

    def describe_update(self, name: str, **which: str) -> dict:
        assert name == "c"
        return {"update": UPDATES[which["updateId"]]}


CLIENTS = types.SimpleNamespace(client=lambda _service: Eks(), account_id="123456789012", region="r", partition="aws")


def test_a_check_takes_updates_under_way_as_done() -> None:
    cluster = eks_cluster.Cluster(CLIENTS, "eks_cluster", "cluster", "c", {"version": "1.30"})
    found = {"status": "UPDATING", "version": "1.29", "subnet_ids": ["subnet-1"], "platform_version": "eks.9"}
    settled = cluster.settle(found, check_mode=True)
    assert settled == {
        **found,
        "version": "1.30",
        "endpoint_public_access": False,
        "public_access_cidrs": ["192.0.2.0/24"],
    }


def test_a_cluster_to_be_made_anew_has_no_access_entries() -> None:
    params = {
        "cluster_name": "c",
        "cluster_endpoint": UNKNOWN,
        "scope": "eks_cluster",
        "tags": {},
        "consent": [],
        "access_entries": {"admin": {"principal_arn": "arn:aws:iam::123456789012:role/Admin"}},
    }
    planned = eks_access.run_entries(params, True, CLIENTS)["operations"]
    assert [(item["action"], item["object"]) for item in planned] == [
        ("create", "arn:aws:iam::123456789012:role/Admin")
    ]
