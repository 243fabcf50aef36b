# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a catalogue of identities turns into: roles with their trust, policies, associations, service accounts."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.piksel.platform.plugins.filter.bucket_arns import bucket_arns
from ansible_collections.piksel.platform.plugins.filter.identity_associations import identity_associations
from ansible_collections.piksel.platform.plugins.filter.identity_policies import identity_policies
from ansible_collections.piksel.platform.plugins.filter.identity_roles import identity_roles
from ansible_collections.piksel.platform.plugins.filter.identity_service_accounts import identity_service_accounts
from ansible_collections.piksel.platform.plugins.filter.identity_subjects import identity_subjects

NAMESPACES = {"odc": "open-datacube", "argo": "argo-workflows"}
ISSUER = "oidc.eks.ap-southeast-3.amazonaws.com/id/0123"
PROVIDER = {
    "arn": f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}",
    "issuer": f"https://{ISSUER}",
    "audiences": ["sts.amazonaws.com"],
}
READER = {
    "role_name": "reader",
    "purpose": "Reading",
    "namespace": "odc",
    "service_accounts": ["odc-data-reader"],
    "policies": ["read"],
    "managed_policies": ["ReadOnlyAccess"],
    "make_service_accounts": True,
}
ARGO = {"role_name": "argo", "namespace": "argo", "service_accounts": ["executor", "server"]}
PEOPLE = {"role_name": "people", "trusted_principals": ["arn:aws:iam::123456789012:root"]}


def roles(catalogue: dict, **more) -> dict:
    """The roles of a catalogue of one cluster."""
    return identity_roles(catalogue, NAMESPACES, PROVIDER, {"read": "arn:read"}, "example", **more)


@pytest.mark.requirement("IAM-02", "IAM-03", "IAM-06")
def test_a_role_trusts_its_service_account_by_subject_and_audience() -> None:
    assert roles({"reader": READER})["reader"] == {
        "name": "reader",
        "path": "/",
        "managed_policies": ["ReadOnlyAccess", "arn:read"],
        "tags": {"Purpose": "Reading"},
        "assume_role_policy": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": PROVIDER["arn"]},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {
                        "StringEquals": {
                            f"{ISSUER}:sub": "system:serviceaccount:open-datacube:odc-data-reader",
                            f"{ISSUER}:aud": "sts.amazonaws.com",
                        }
                    },
                }
            ],
        },
    }


@pytest.mark.requirement("IAM-15")
def test_two_service_accounts_are_both_named() -> None:
    (statement,) = roles({"argo": ARGO})["argo"]["assume_role_policy"]["Statement"]
    assert statement["Condition"]["StringEquals"][f"{ISSUER}:sub"] == [
        "system:serviceaccount:argo-workflows:executor",
        "system:serviceaccount:argo-workflows:server",
    ]


@pytest.mark.requirement("IAM-05", "CONF-03")
def test_pod_identity_is_chosen_for_one_role_or_for_all() -> None:
    one = {"reader": {**READER, "backend": "pod_identity"}, "argo": ARGO, "people": PEOPLE}
    (statement,) = roles(one)["reader"]["assume_role_policy"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {
            "StringEquals": {
                "aws:RequestTag/eks-cluster-name": "example",
                "aws:RequestTag/kubernetes-namespace": "open-datacube",
                "aws:RequestTag/kubernetes-service-account": "odc-data-reader",
            }
        },
    }
    arns = {"reader": "arn:reader", "argo": "arn:argo", "people": "arn:people"}
    assert identity_associations(one, NAMESPACES, arns) == {
        "reader.odc-data-reader": {
            "namespace": "open-datacube",
            "service_account": "odc-data-reader",
            "role_arn": "arn:reader",
            "target_role_arn": "",
        }
    }
    everywhere = identity_associations(one, NAMESPACES, arns, backend="pod_identity")
    assert sorted(everywhere) == ["argo.executor", "argo.server", "reader.odc-data-reader"]
    (argo,) = roles(one, backend="pod_identity")["argo"]["assume_role_policy"]["Statement"]
    assert argo["Condition"]["StringEquals"]["aws:RequestTag/kubernetes-service-account"] == ["executor", "server"]


@pytest.mark.requirement("IAM-21")
def test_a_role_for_people_trusts_its_principals() -> None:
    (statement,) = roles({"people": PEOPLE}, backend="pod_identity")["people"]["assume_role_policy"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "sts:AssumeRole",
    }


def test_a_boundary_of_all_and_one_of_its_own() -> None:
    made = roles(
        {"argo": ARGO, "people": {**PEOPLE, "permissions_boundary": "arn:own"}}, permissions_boundary="arn:all"
    )
    assert (made["argo"]["permissions_boundary"], made["people"]["permissions_boundary"]) == ("arn:all", "arn:own")
    assert "permissions_boundary" not in roles({"argo": ARGO})["argo"]


def test_what_is_switched_off_is_left_out_everywhere() -> None:
    off = {"reader": {**READER, "enabled": False}}
    assert roles(off) == identity_subjects(off, NAMESPACES) == identity_associations(off, NAMESPACES, {}) == {}
    assert identity_service_accounts(off, NAMESPACES, "1") == {}
    assert identity_policies({"read": {"name": "read", "statements": [], "enabled": False}}) == {}


@pytest.mark.requirement("IAM-04", "IAM-32")
def test_service_accounts_that_are_ours_name_their_role() -> None:
    made = identity_service_accounts(
        {"reader": {**READER, "role_path": "/pods/"}, "argo": ARGO}, NAMESPACES, "123456789012"
    )
    assert made == {
        "reader.odc-data-reader": {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {
                "name": "odc-data-reader",
                "namespace": "open-datacube",
                "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/pods/reader"},
            },
        }
    }
    by_pod_identity = identity_service_accounts({"reader": READER}, NAMESPACES, "1", backend="pod_identity")
    assert "annotations" not in by_pod_identity["reader.odc-data-reader"]["metadata"]


def test_subjects_by_key() -> None:
    assert identity_subjects({"reader": READER, "people": PEOPLE}, NAMESPACES) == {
        "reader": ["system:serviceaccount:open-datacube:odc-data-reader"],
        "people": [],
    }


def test_a_policy_is_a_document_of_its_statements() -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    assert identity_policies({"read": {"name": "Read", "purpose": "Reading", "statements": [statement]}}) == {
        "read": {
            "name": "Read",
            "path": "/",
            "document": {"Version": "2012-10-17", "Statement": [statement]},
            "tags": {"Purpose": "Reading"},
        }
    }


def test_a_namespace_or_policy_that_nobody_knows_is_refused() -> None:
    for wrong in ({"namespace": "odd"}, {"policies": ["odd"]}):
        with pytest.raises(AnsibleFilterError, match="identity reader: nobody knows 'odd'"):
            roles({"reader": {**READER, **wrong}})


def test_buckets_and_their_objects_by_arn() -> None:
    assert bucket_arns(["a", "b"]) == ["arn:aws:s3:::a", "arn:aws:s3:::b"]
    assert bucket_arns(["a"], objects=True) == ["arn:aws:s3:::a/*"]
    for wrong in ("a", [""], [None]):
        with pytest.raises(AnsibleFilterError, match="list of names"):
            bucket_arns(wrong)
