# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of marked objects: what somebody deletes between the list and the look at it is no orphan, and no failure."""

from __future__ import annotations

import datetime

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import (
    eks_pod_identity,
    iam_oidc,
    iam_policies,
    secretsmanager,
)
from botocore.exceptions import ClientError

MARK = "piksel-platform/key"
ASSOCIATION = {
    "namespace": "n",
    "serviceAccount": "s",
    "roleArn": "arn:aws:iam::123456789012:role/r",
    "associationArn": "arn",
    "associationId": "a-1",
}


class Clients:
    """Clients whose calls answer from a map of operations; an error code in an answer's place is raised."""

    account_id = known_account_id = "123456789012"
    region, partition, profile = "ap-southeast-3", "aws", None

    def __init__(self, **answers):
        self.answers = answers

    def client(self, _service):
        """The same for every service."""
        return self

    def get_paginator(self, operation):
        """One page."""
        page = getattr(self, operation)
        return type("Pages", (), {"paginate": staticmethod(lambda **how: iter([page(**how)]))})

    def __getattr__(self, operation):
        answer = self.answers[operation]

        def call(**_how):
            if isinstance(answer, str):
                raise ClientError({"Error": {"Code": answer, "Message": ""}}, operation)
            return answer

        return call


def tags(kind):
    """The mark of an object of the scope."""
    return [{"Key": MARK, "Value": f"{kind}/scope.old"}]


def secrets(described):
    """The orphans among secrets, where the list still has one."""
    clients = Clients(list_secrets={"SecretList": [{"Name": "old"}]}, describe_secret=described)
    return secretsmanager._unwanted(clients, "scope", set())


def policies(answer):
    """The orphans among policies."""
    listed = {"Policies": [{"PolicyName": "old", "Arn": "arn:aws:iam::123456789012:policy/old"}]}
    clients = Clients(list_policies=listed, list_policy_tags=answer)
    return iam_policies._unwanted(iam_policies.Shelf(clients), "scope", set())


def providers(answer):
    """The orphans among OIDC providers."""
    listed = {"OpenIDConnectProviderList": [{"Arn": "arn:aws:iam::123456789012:oidc-provider/old"}]}
    clients = Clients(list_open_id_connect_providers=listed, list_open_id_connect_provider_tags=answer)
    return iam_oidc._unwanted(clients, "scope", "arn")


def associations(answer):
    """The orphans among Pod Identity associations."""
    clients = Clients(
        list_pod_identity_associations={"associations": [ASSOCIATION]}, describe_pod_identity_association=answer
    )
    return eks_pod_identity._unwanted(clients, {"cluster_name": "c", "scope": "scope"}, set())


@pytest.mark.parametrize(
    ("look", "code", "marked"),
    [
        (secrets, "ResourceNotFoundException", {"Tags": tags("secret")}),
        (policies, "NoSuchEntity", {"Tags": tags("iam_policy")}),
        (providers, "NoSuchEntity", {"Tags": tags("iam_oidc_provider")}),
        (
            associations,
            "ResourceNotFoundException",
            {"association": {**ASSOCIATION, "tags": {MARK: "eks_pod_identity_association/scope.old"}}},
        ),
    ],
)
def test_what_vanished_since_it_was_listed_is_no_orphan(look, code, marked):
    assert look(code) == []
    assert [one.full_key for one in look(marked)] == ["scope.old"]


def test_a_secret_that_waits_for_its_deletion_is_no_orphan_whatever_the_list_says():
    deleted = {"Tags": tags("secret"), "DeletedDate": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)}
    assert secrets(deleted) == []
