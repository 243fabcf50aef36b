"""One object of each kind that the platform writes, and what somebody may do to it behind our back."""

from __future__ import annotations

from dataclasses import dataclass, field

NAMESPACE = "kinds"
LABELS = {"app": "kinds"}


@dataclass(frozen=True)
class Change:
    """What somebody else does.

    Attributes:
        patch: a merge patch.
        paths: attribute paths that the plan must show for it, none for what is to be left alone.
    """

    patch: dict
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A manifest, and the changes that are tried on its object one after the other."""

    manifest: dict
    changes: dict[str, Change] = field(default_factory=dict)


def manifest(api_version: str, kind: str, name: str, namespace: str | None = NAMESPACE, **parts) -> dict:
    """A manifest; ``namespace`` None for kinds that belong to none."""
    inside = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **inside}, **parts}


POD = {
    "serviceAccountName": "app",
    "hostNetwork": False,
    "automountServiceAccountToken": False,
    "nodeSelector": {"role": "system"},
    "tolerations": [{"key": "role", "operator": "Exists"}],
    "initContainers": [{"name": "first", "image": "init:1"}, {"name": "second", "image": "init:2"}],
    "containers": [
        {
            "name": "app",
            "image": "app:1",
            "args": ["--one", "--two"],
            "env": [{"name": "A", "value": "1"}, {"name": "EMPTY", "value": ""}],
            "ports": [{"containerPort": 8080}],
            "resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"}, "limits": {"memory": "1Gi"}},
            "volumeMounts": [{"name": "scratch", "mountPath": "/scratch", "readOnly": False}],
        }
    ],
    "volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "2048Mi"}}],
}
CONTAINER = "spec.template.spec.containers[name=app]"
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "size": {"type": "integer", "default": 3},
                "mode": {"type": "string"},
                "parts": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["id"],
                    "items": {
                        "type": "object",
                        "required": ["id"],
                        "properties": {"id": {"type": "string"}, "value": {"type": "integer"}},
                    },
                },
                "limits": {"type": "object", "additionalProperties": {"x-kubernetes-int-or-string": True}},
            },
        }
    },
}


def pod(**more) -> dict:
    """A patch of the Deployment's pod."""
    return {"spec": {"template": {"spec": more}}}


def container(**more) -> dict:
    """A patch that writes the Deployment's container anew, as merge patches do with lists."""
    return pod(containers=[{**POD["containers"][0], **more}])


KINDS = {
    "Namespace": Kind(
        manifest("v1", "Namespace", NAMESPACE, None),
        {"foreign label": Change({"metadata": {"labels": {"theirs": "x"}}})},
    ),
    "ServiceAccount": Kind(
        manifest("v1", "ServiceAccount", "app", automountServiceAccountToken=False),
        {"unset": Change({"automountServiceAccountToken": None}, ("automountServiceAccountToken",))},
    ),
    "ConfigMap": Kind(
        manifest("v1", "ConfigMap", "settings", data={"cpu": "1000m", "empty": "", "text": "a"}),
        {
            "value": Change({"data": {"text": "b"}}, ("data.text",)),
            "not a quantity": Change({"data": {"cpu": "1"}}, ("data.cpu",)),
            "gone": Change({"data": {"empty": None}}, ("data.empty",)),
            "foreign": Change({"data": {"theirs": "x"}}),
        },
    ),
    "Secret": Kind(
        manifest("v1", "Secret", "secret", type="Opaque", stringData={"password": "correct horse"}),
        {"value": Change({"stringData": {"password": "battery"}}, ("data.password",))},
    ),
    "Role": Kind(
        manifest(
            "rbac.authorization.k8s.io/v1",
            "Role",
            "reader",
            rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}],
        ),
        {
            "wider": Change(
                {"rules": [{"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "list"]}]}, ("rules",)
            ),
            "narrower": Change(
                {
                    "rules": [
                        {
                            "apiGroups": [""],
                            "resources": ["pods"],
                            "verbs": ["get", "list"],
                            "resourceNames": ["only"],
                        }
                    ]
                },
                ("rules",),
            ),
        },
    ),
    "RoleBinding": Kind(
        manifest(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            "readers",
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            subjects=[{"kind": "Group", "name": "readers"}],
        ),
        {"subject": Change({"subjects": [{"kind": "Group", "name": "all"}]}, ("subjects",))},
    ),
    "Service": Kind(
        manifest(
            "v1",
            "Service",
            "app",
            spec={"selector": LABELS, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
        ),
        {
            "selector": Change({"spec": {"selector": {"more": "x"}}}, ("spec.selector",)),
            "port": Change(
                {"spec": {"ports": [{"name": "http", "port": 80, "targetPort": 9090}]}},
                ("spec.ports[port=80,protocol=TCP].targetPort",),
            ),
        },
    ),
    "Deployment": Kind(
        manifest(
            "apps/v1",
            "Deployment",
            "app",
            spec={
                "replicas": 0,
                "selector": {"matchLabels": LABELS},
                "template": {"metadata": {"labels": LABELS}, "spec": POD},
            },
        ),
        {
            "replicas": Change({"spec": {"replicas": 2}}, ("spec.replicas",)),
            "image": Change(container(image="app:2"), (f"{CONTAINER}.image",)),
            "arguments": Change(container(args=["--one"]), (f"{CONTAINER}.args",)),
            "environment": Change(
                container(env=[{"name": "A", "value": "2"}, {"name": "EMPTY", "value": ""}]),
                (f"{CONTAINER}.env[name=A].value",),
            ),
            "memory": Change(
                container(resources={"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}),
                (f"{CONTAINER}.resources.limits.memory",),
            ),
            "node selector": Change(pod(nodeSelector={"more": "x"}), ("spec.template.spec.nodeSelector",)),
            "host network": Change(
                pod(hostNetwork=True, containers=POD["containers"]), ("spec.template.spec.hostNetwork",)
            ),
            "token": Change(
                pod(automountServiceAccountToken=None), ("spec.template.spec.automountServiceAccountToken",)
            ),
            "volume": Change(
                pod(volumes=[{"name": "scratch", "emptyDir": {"sizeLimit": "3Gi"}}]),
                ("spec.template.spec.volumes[name=scratch].emptyDir.sizeLimit",),
            ),
            "order": Change(
                pod(initContainers=POD["initContainers"][::-1]), ("spec.template.spec.initContainers.(order)",)
            ),
            "foreign container": Change(pod(containers=[*POD["containers"], {"name": "side", "image": "s"}])),
            "foreign field": Change(pod(terminationGracePeriodSeconds=5)),
        },
    ),
    "NetworkPolicy": Kind(
        manifest(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            "deny",
            spec={"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": 80}]}]},
        ),
        {"wider": Change({"spec": {"ingress": [{}]}}, ("spec.ingress",))},
    ),
    "ResourceQuota": Kind(
        manifest("v1", "ResourceQuota", "quota", spec={"hard": {"requests.cpu": "2000m", "pods": 10}}),
        {"more": Change({"spec": {"hard": {"requests.cpu": "4"}}}, ("spec.hard.requests.cpu",))},
    ),
    "LimitRange": Kind(
        manifest(
            "v1", "LimitRange", "limits", spec={"limits": [{"type": "Container", "default": {"memory": "1024Mi"}}]}
        ),
        {
            "less": Change(
                {"spec": {"limits": [{"type": "Container", "default": {"memory": "512Mi"}}]}}, ("spec.limits",)
            )
        },
    ),
    "StorageClass": Kind(
        manifest(
            "storage.k8s.io/v1",
            "StorageClass",
            "kinds-gp3",
            None,
            provisioner="ebs.csi.aws.com",
            parameters={"type": "gp3"},
            allowVolumeExpansion=True,
            volumeBindingMode="WaitForFirstConsumer",
        ),
        {"expansion": Change({"allowVolumeExpansion": False}, ("allowVolumeExpansion",))},
    ),
    "PersistentVolume": Kind(
        manifest(
            "v1",
            "PersistentVolume",
            "kinds-volume",
            None,
            spec={
                "capacity": {"storage": "1024Mi"},
                "accessModes": ["ReadWriteMany"],
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": "kinds-gp3",
                "csi": {"driver": "efs.csi.aws.com", "volumeHandle": "fs-1::fsap-1"},
            },
        ),
        {
            "policy": Change(
                {"spec": {"persistentVolumeReclaimPolicy": "Delete"}}, ("spec.persistentVolumeReclaimPolicy",)
            )
        },
    ),
    "Ingress": Kind(
        manifest(
            "networking.k8s.io/v1",
            "Ingress",
            "app",
            spec={
                "ingressClassName": "nginx",
                "rules": [
                    {
                        "host": "app.test",
                        "http": {
                            "paths": [
                                {
                                    "path": "/",
                                    "pathType": "Prefix",
                                    "backend": {"service": {"name": "app", "port": {"name": "http"}}},
                                }
                            ]
                        },
                    }
                ],
            },
        ),
        {"class": Change({"spec": {"ingressClassName": "other"}}, ("spec.ingressClassName",))},
    ),
    "PodDisruptionBudget": Kind(
        manifest(
            "policy/v1", "PodDisruptionBudget", "app", spec={"minAvailable": 1, "selector": {"matchLabels": LABELS}}
        ),
        {"fewer": Change({"spec": {"minAvailable": 0}}, ("spec.minAvailable",))},
    ),
    "CustomResourceDefinition": Kind(
        manifest(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            "things.kinds.test",
            None,
            spec={
                "group": "kinds.test",
                "scope": "Namespaced",
                "names": {"kind": "Thing", "plural": "things"},
                "versions": [
                    {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": SCHEMA}},
                ],
            },
        ),
        {"short name": Change({"spec": {"names": {"shortNames": ["th"]}}})},
    ),
    "Thing": Kind(
        manifest(
            "kinds.test/v1",
            "Thing",
            "one",
            spec={"mode": "x", "parts": [{"id": "a", "value": 1}, {"id": "b", "value": 0}], "limits": {"cpu": 10000}},
        ),
        {
            "mode": Change({"spec": {"mode": "y"}}, ("spec.mode",)),
            "default": Change({"spec": {"size": 7}}),
            "element": Change(
                {"spec": {"parts": [{"id": "a", "value": 1}, {"id": "b", "value": 5}, {"id": "z", "value": 9}]}},
                ("spec.parts[id=b].value",),
            ),
            "element gone": Change({"spec": {"parts": [{"id": "b", "value": 0}]}}, ("spec.parts[id=a]",)),
        },
    ),
}
