# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import eks_request

WANTED = {
    "cluster_role_arn": "arn:role",
    "subnet_ids": ["subnet-1", "subnet-2"],
    "endpoint_public_access": True,
    "logging_types": ["audit", "api"],
    "tags": {"a": "b"},
}


def test_a_creation_leaves_out_what_the_catalogue_leaves_open():
    assert eks_request.creation("x", WANTED) == {
        "name": "x",
        "roleArn": "arn:role",
        "resourcesVpcConfig": {"subnetIds": ["subnet-1", "subnet-2"], "endpointPublicAccess": True},
        "logging": {
            "clusterLogging": [
                {"types": ["api", "audit"], "enabled": True},
                {"types": ["authenticator", "controllerManager", "scheduler"], "enabled": False},
            ]
        },
        "tags": {"a": "b"},
    }


def test_a_creation_says_false_where_it_is_wanted():
    request = eks_request.creation("x", {**WANTED, "bootstrap_creator_admin": False, "deletion_protection": False})
    assert request["accessConfig"] == {"bootstrapClusterCreatorAdminPermissions": False}
    assert request["deletionProtection"] is False


def test_a_private_endpoint_has_no_cidrs():
    wanted = {"endpoint_public_access": False, "public_access_cidrs": ["10.0.0.0/8"]}
    assert eks_request.endpoint(wanted)["publicAccessCidrs"] is None


@pytest.mark.requirement("EKS-02")
@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        ("1.34", "1.33", "downgrade"),
        ("1.34", "1.36", "Go one minor at a time: set the version to 1.35 first"),
        ("1.34", "2.0", "more than one minor"),
        ("1.34", "latest", "no Kubernetes version"),
        ("1.34", "1.34.1", "no Kubernetes version"),
    ],
)
def test_versions_that_eks_cannot_reach_are_refused(before, after, word):
    assert word in " ".join(eks_request.version_refusal(before, after))


def test_an_update_to_a_private_endpoint_names_no_cidrs_at_all():
    (update,) = [one for one in eks_request.UPDATES if "endpoint_public_access" in one.paths]
    wanted = {**WANTED, "endpoint_public_access": False, "endpoint_private_access": True}
    expected = {"endpointPublicAccess": False, "endpointPrivateAccess": True}
    # A null would not pass botocore's own validation.
    assert update.request(wanted, {}) == {"resourcesVpcConfig": expected}


def test_the_next_minor_is_fine():
    assert eks_request.version_refusal("1.9", "1.10") is None


@pytest.mark.requirement("EKS-09")
def test_the_authentication_mode_only_goes_forward_one_step_at_a_time():
    assert eks_request.access_mode_refusal("CONFIG_MAP", "API") is None
    assert "cannot go back" in eks_request.access_mode_refusal("API", "API_AND_CONFIG_MAP")[0]
    update = next(update for update in eks_request.UPDATES if update.paths == ("authentication_mode",))
    request = update.request({"authentication_mode": "API"}, {"authentication_mode": "CONFIG_MAP"})
    assert request == {"accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"}}
