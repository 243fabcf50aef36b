# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pod Identity associations of an EKS cluster: which role the pods of a service account get."""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils import arguments, errors, ownership, tagging, unknown
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.iam import while_role_is_new
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel, reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

ASSOCIATION_OPTIONS = {
    "namespace": {"type": "str", "required": True},
    "service_account": {"type": "str", "required": True},
    "role_arn": {"type": "str", "required": True},
    "target_role_arn": {"type": "str"},
    "tags": {"type": "dict", "default": {}},
}
# EKS gives an association its id; the service account tells which one is meant.
_CALL_NAMES = {"role_arn": "roleArn", "target_role_arn": "targetRoleArn"}


class PodIdentityAssociation(Resource):
    """An association; its name is "<namespace>/<service account>".

    https://docs.aws.amazon.com/eks/latest/APIReference/API_PodIdentityAssociation.html
    """

    kind = "eks_pod_identity_association"
    exists_codes = ("ResourceInUseException",)
    attributes = (
        Attribute("namespace"),
        Attribute("service_account"),
        Attribute("role_arn"),
        Attribute("target_role_arn", default=""),
        tagging.TAGS,
    )

    def __init__(self, clients, cluster, scope, key, name, wanted, endpoint=None):
        """``endpoint`` of the cluster; unknown while the cluster is yet to be made, or made anew."""
        super().__init__(clients, scope, key, name, wanted)
        self.eks = clients.client("eks")
        self.cluster = cluster
        self.endpoint = endpoint

    @property
    def subject(self):
        """With the cluster, since a service account of that name may be in several."""
        return f"{self.kind} {self.name} of cluster {self.cluster}"

    def read(self):
        """ListPodIdentityAssociations for the service account, then DescribePodIdentityAssociation."""
        if any(map(unknown.is_unknown, (self.cluster, self.endpoint))):
            return None
        namespace, _slash, account = self.name.partition("/")
        which = {"clusterName": self.cluster, "namespace": namespace, "serviceAccount": account}
        try:
            listed = self.eks.list_pod_identity_associations(**which)["associations"]
            return self.described(listed[0]["associationId"]) if listed else None
        except is_boto3_error_code("ResourceNotFoundException"):
            return None

    def described(self, association_id: str) -> dict:
        """DescribePodIdentityAssociation, flat."""
        association = self.eks.describe_pod_identity_association(
            clusterName=self.cluster, associationId=association_id
        )["association"]
        return _found(association)

    def still_there(self, association_id: str) -> dict | None:
        """As ``described``, None for one that somebody deleted since it was listed."""
        with errors.gone("ResourceNotFoundException"):
            return self.described(association_id)
        return None

    def refusals(self, found, changes):
        """An association that an add-on made is changed by the add-on only."""
        if not changes or not found.get("owner_arn"):
            return []
        advice = "Take the role out of the add-on, or this service account out of the list."
        message = f"it belongs to the add-on {found['owner_arn']}"
        return [PlatformError(message, subject=self.subject, advice=advice, **self.place())]

    def create(self):
        """CreatePodIdentityAssociation with everything, the mark among the tags; botocore adds a client token."""
        given = {"targetRoleArn": self.wanted.get("target_role_arn")}
        association = while_role_is_new(
            lambda: self.eks.create_pod_identity_association(
                clusterName=self.cluster,
                namespace=self.wanted["namespace"],
                serviceAccount=self.wanted["service_account"],
                roleArn=self.wanted["role_arn"],
                tags=self.wanted["tags"],
                **{name: value for name, value in given.items() if value},
            ),
            self.clients,
            [self.wanted["role_arn"]],
        )["association"]
        return _found(association)

    def update(self, found, changes):
        """UpdatePodIdentityAssociation for roles, TagResource for tags."""
        given = {name: self.wanted[path] for path, name in _CALL_NAMES.items() if tagging.touches(changes, path)}
        if given:
            while_role_is_new(
                lambda: self.eks.update_pod_identity_association(
                    clusterName=self.cluster, associationId=found["association_id"], **given
                ),
                self.clients,
                [self.wanted["role_arn"]],
            )
        tags = tagging.wanted(changes)
        if tags:
            self.eks.tag_resource(resourceArn=found["arn"], tags=tags)

    def delete(self, found):
        """DeletePodIdentityAssociation; running pods keep their credentials until these expire."""
        with errors.gone("ResourceNotFoundException"):
            self.eks.delete_pod_identity_association(clusterName=self.cluster, associationId=found["association_id"])

    def facts(self, found):
        """Namespace, service account, and the ARN and id that EKS gives."""
        names = {name: self.wanted[name] for name in ("namespace", "service_account")}
        return names | {name: found[name] if found else self.unknown(name) for name in ("arn", "association_id")}


class UnwantedAssociation(PodIdentityAssociation):
    """An association that no entry wants; ``found`` is how it was seen."""

    def __init__(self, clients, cluster, scope, key, found):
        super().__init__(clients, cluster, scope, key, f"{found['namespace']}/{found['service_account']}", {})
        self._seen = found

    def delete(self, _found):
        """As any association, by the id that it was found with."""
        super().delete(self._seen)


def _found(association):
    return {
        "namespace": association["namespace"],
        "service_account": association["serviceAccount"],
        "role_arn": association["roleArn"],
        "target_role_arn": association.get("targetRoleArn", ""),
        "tags": association.get("tags", {}),
        "owner_arn": association.get("ownerArn"),
        "arn": association["associationArn"],
        "association_id": association["associationId"],
    }


def run_associations(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of associations of one cluster; resources: key -> facts of the association."""
    wanted = arguments.entries("associations", params["associations"], ASSOCIATION_OPTIONS)
    associations = [_association(clients, params, key, entry) for key, entry in wanted.items()]
    return reconcile(
        associations,
        check_mode,
        consent=params["consent"],
        orphans=lambda: _unwanted(clients, params, {association.name for association in associations}),
        progress=progress,
    )


def _association(clients, params, key, entry):
    wanted = {name: entry[name] for name in ASSOCIATION_OPTIONS if name != "tags"}
    wanted["tags"] = arguments.tags(PodIdentityAssociation.kind, params, key, entry)
    name = f"{entry['namespace']}/{entry['service_account']}"
    cluster, endpoint = params["cluster_name"], params.get("cluster_endpoint")
    return PodIdentityAssociation(clients, cluster, params["scope"], key, name, wanted, endpoint)


def _unwanted(clients, params, names):
    """Associations marked for this scope whose service account nobody wants any more."""
    cluster, scope = params["cluster_name"], params["scope"]
    if unknown.contains_unknown([cluster, params.get("cluster_endpoint")]):
        return []
    reader = PodIdentityAssociation(clients, cluster, scope, "", "", {})
    with errors.told(f"Pod Identity associations of cluster {cluster}", clients):
        try:
            pages = reader.eks.get_paginator("list_pod_identity_associations").paginate(clusterName=cluster)
            listed = [one for page in pages for one in page["associations"]]
        except is_boto3_error_code("ResourceNotFoundException"):
            return []
        others = [one for one in listed if f"{one['namespace']}/{one['serviceAccount']}" not in names]
        found = [one for one in parallel(lambda one: reader.still_there(one["associationId"]), others) if one]
    keys = [ownership.marked_key(one["tags"].get(ownership.MARK), reader.kind, scope) for one in found]
    return [UnwantedAssociation(clients, cluster, scope, key, one) for key, one in zip(keys, found, strict=True) if key]
