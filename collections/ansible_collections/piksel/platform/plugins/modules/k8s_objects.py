#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: k8s_objects
short_description: Bring a list of Kubernetes objects of an EKS cluster to their manifests
version_added: 0.1.0
description:
  - Compares the fields that the manifests set with what the cluster has, and applies those objects that differ, by
    server-side apply with the field manager C(piksel-platform).
  - What others set (labels, annotations, further fields and list elements) and what the server fills in is left alone.
    A field that an earlier run set and that is no longer in the manifest is removed.
  - The plan needs C(get) and C(list) only. Where the cluster, a kind or a namespace does not exist yet, or the caller
    has no access entry yet or one that allows nothing, check mode plans to create every object of it.
  - Every object is marked by the label C(piksel-platform/key). An object of the same name without the label is adopted
    by labelling it. A labelled object of the O(scope) that O(objects) no longer holds is planned for deletion, and
    deleted only with consent; the consent word for a namespace also names what is deleted with it.
  - Namespaces and custom resource definitions of the list come first.
  - Values of a Secret are compared, and never shown.
author:
  - Piksel platform contributors (@piksel-platform)
options:
  cluster_name:
    description:
      - Name of the EKS cluster. Endpoint and authority are looked up, the token is signed for the identity of the task.
    type: str
    required: true
  cluster_endpoint:
    description:
      - Endpoint of the cluster, as M(piksel.platform.eks_cluster) returned it. Only check mode looks at it.
      - A value that is known only after the run says that the cluster is yet to be made, or made anew, so that it has
        no objects yet.
    type: str
  scope:
    description:
      - What the list belongs to, usually the name of the role. Objects of other scopes are not touched, so two tasks
        on one cluster must not share a scope.
    type: str
    required: true
  objects:
    description:
      - The manifests, as a list, or as a map from logical key to manifest.
      - In a list the logical key is made of kind, namespace and name.
    type: raw
    required: true
  patches:
    description:
      - Changes of objects that others made, in the form of O(objects). They count where the object exists; it is
        neither made, nor labelled, nor ever deleted.
      - Each is a JSON merge patch beside what names the object. A null takes a field away, a list is replaced as a
        whole.
    type: raw
    default: {}
  orphan_kinds:
    description:
      - Further kinds among which labelled objects of this scope may be left, since O(objects) holds none of them any
        more.
    type: list
    elements: dict
    default: []
    suboptions:
      api_version:
        description: API group and version.
        type: str
        required: true
      kind:
        description: Kind, as manifests write it.
        type: str
        required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
seealso:
  - name: Server-side apply
    description: Field managers and merging, in the documentation of Kubernetes.
    link: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

EXAMPLES = r"""
- name: Make two namespaces
  piksel.platform.k8s_objects:
    profile: dev-piksel
    region: ap-southeast-3
    cluster_name: piksel-dev
    scope: namespaces
    objects:
      odc:
        apiVersion: v1
        kind: Namespace
        metadata:
          name: open-datacube
          labels:
            project: Piksel
      database:
        apiVersion: v1
        kind: Namespace
        metadata:
          name: database

- name: Make a storage class, and name those that an earlier version of this list left behind
  piksel.platform.k8s_objects:
    profile: dev-piksel
    region: ap-southeast-3
    cluster_name: piksel-dev
    scope: storage
    objects:
      - apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata:
          name: gp3
        provisioner: ebs.csi.aws.com
    patches:
      former_default:
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata:
          name: gp2
          annotations:
            storageclass.kubernetes.io/is-default-class: null
    orphan_kinds:
      - api_version: v1
        kind: ConfigMap
    consent:
      - delete:ConfigMap/storage.configmap.default.old
"""

RETURN = r"""
operations:
  description: What was done, or in check mode what would be done.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: One of V(create), V(update), V(replace), V(delete).
      type: str
    api:
      description: Always V(kubernetes).
      type: str
    kind:
      description: Kind of the object.
      type: str
    key:
      description: Scope and logical key.
      type: str
    object:
      description: Name of the object, after its namespace and a slash where it has one.
      type: str
    account:
      description: Account of the cluster.
      type: str
    region:
      description: Region of the cluster.
      type: str
    cluster:
      description: Name of the cluster.
      type: str
    changes:
      description: Attribute paths with their value before and after.
      type: list
      elements: dict
  sample:
    - action: update
      api: kubernetes
      kind: Namespace
      key: namespaces.odc
      object: open-datacube
      account: "123456789012"
      region: ap-southeast-3
      cluster: piksel-dev
      changes:
        - path: metadata.labels.project
          before: null
          after: Piksel
held:
  description: Deletes and replacements that were not done for want of consent, each with the word to give.
  returned: always
  type: list
  elements: dict
  sample:
    - action: delete
      api: kubernetes
      kind: Namespace
      key: namespaces.old
      object: old
      account: "123456789012"
      region: ap-southeast-3
      cluster: piksel-dev
      changes:
        - path: ""
          before: old
          after: null
      consent: delete:Namespace/namespaces.old/with-contents-of/old
notices:
  description: What is worth knowing, such as a cluster that does not let the caller in yet.
  returned: always
  type: list
  elements: str
  sample: []
resources:
  description: Logical key to what names the object.
  returned: always
  type: dict
  sample:
    odc:
      name: open-datacube
      namespace: null
      api_version: v1
      kind: Namespace
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_objects import OBJECTS_ARGUMENTS, run

SERVICES = ("sts", "eks")
SPEC = runner.spec(OBJECTS_ARGUMENTS)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
