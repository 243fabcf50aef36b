"""EC2 instances join the cluster of their launch user data, if it lets them in, and leave it when they end."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto.core.types import Base64EncodedString
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends

from piksel_sandbox.aws.ec2 import eks_images
from piksel_sandbox.kubernetes import control_planes
from piksel_sandbox.kubernetes.instances import OF_NODES, node_config
from sandbox.kubernetes.support import ACCOUNT, REGION, Cluster, Model, make_role, wait_for

NODES = "/api/v1/nodes"
TAINT = {"key": "pool", "value": "gpu", "effect": "NoSchedule"}
CONFIG = """MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="//"

--//
Content-Type: text/x-shellscript; charset="us-ascii"

echo started
--//
Content-Type: application/node.eks.aws

# made for a test
{config}
--//--
"""
Launch = Callable[..., Any]


def user_data(cluster: Cluster, **changed: Any) -> str:
    """What nodeadm gets, as JSON, which is YAML."""
    details = {
        "name": cluster.ref.name,
        "apiServerEndpoint": cluster.endpoint,
        "certificateAuthority": control_planes.certificate_authority(cluster.ref),
        **changed,
    }
    kubelet = {"config": {"registerWithTaints": [TAINT]}, "flags": ['--node-labels="pool=gpu,tier=web"']}
    return CONFIG.format(config=json.dumps({"kind": "NodeConfig", "spec": {"cluster": details, "kubelet": kubelet}}))


@pytest.fixture
def launch(cluster: Cluster) -> Iterator[Launch]:
    """`launch(name, ...)`: an instance of EC2 whose user data has these details; all are gone after the test."""
    ec2 = ec2_backends[ACCOUNT][REGION]
    iam = iam_backends[ACCOUNT]["aws"]
    role = make_role("nodes")
    profile = iam.create_instance_profile("nodes", "/", [], [])
    iam.add_role_to_instance_profile("nodes", "nodes")
    image = eks_images.name_of("x86_64", "nvidia", "1.36", eks_images.newest()["1.36"][1])
    # moto's own EC2 does here: the image is all that it lacks.
    ami = eks_images.published(ec2, image)
    made = []

    def run(instance_type: str = "g5.xlarge", image_id: str = ami.id, **changed: Any) -> Any:
        encoded = base64.b64encode(user_data(cluster, **changed).encode()).decode()
        disk = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 120}}
        reservation = ec2.run_instances(
            image_id, 1, Base64EncodedString(encoded), [], instance_type=instance_type, is_instance_type_default=False,
            region_name=REGION, block_device_mappings=[disk],
        )  # fmt: skip
        (instance,) = reservation.instances
        ec2.associate_iam_instance_profile(instance.id, iam_instance_profile_arn=profile.arn)
        made.append(instance)
        return instance

    run.role = role
    yield run
    for instance in made:
        if instance.is_running():
            ec2.terminate_instances([instance.id])
    wait_for(lambda: not cluster.items(NODES))
    iam.remove_role_from_instance_profile("nodes", "nodes")
    iam.delete_instance_profile("nodes")
    iam.delete_role("nodes")


def test_a_node_is_as_its_instance_and_its_configuration_say(cluster: Cluster, model: Model, launch: Launch) -> None:
    model.add_entry(launch.role, type=OF_NODES)
    instance = launch()
    (node,) = wait_for(lambda: cluster.items(NODES))
    assert node["metadata"]["name"] == instance.private_dns_name
    assert node["spec"]["providerID"] == f"aws:///{instance.availability_zone}/{instance.id}"
    expected = {
        "pool": "gpu",
        "tier": "web",
        "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/instance-type": "g5.xlarge",
        "topology.kubernetes.io/zone": instance.availability_zone,
    }
    assert expected.items() <= node["metadata"]["labels"].items()
    assert TAINT in node["spec"]["taints"]
    capacity = node["status"]["capacity"]
    assert {name: capacity[name] for name in ("cpu", "memory", "pods", "nvidia.com/gpu", "ephemeral-storage")} == {
        "cpu": "4",
        "memory": "16Gi",
        "pods": "58",
        "nvidia.com/gpu": "1",
        "ephemeral-storage": "120Gi",
    }
    assert node["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.36.")
    assert wait_for(lambda: ready(cluster)) == ["True"]
    ec2_backends[ACCOUNT][REGION].terminate_instances([instance.id])
    assert wait_for(lambda: not cluster.items(NODES))


def ready(cluster: Cluster) -> list[str]:
    """The state of each node, once kwok has told it."""
    conditions = [one for node in cluster.items(NODES) for one in node["status"].get("conditions", [])]
    return [one["status"] for one in conditions if one["type"] == "Ready"]


def test_a_gpu_counts_only_where_its_driver_is(cluster: Cluster, model: Model, launch: Launch) -> None:
    model.add_entry(launch.role, type=OF_NODES)
    launch(image_id="ami-12c6146b")
    (node,) = wait_for(lambda: cluster.items(NODES))
    assert "nvidia.com/gpu" not in node["status"]["capacity"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"apiServerEndpoint": "https://127.0.0.1:1"}, "its endpoint is https://127.0.0.1:1"),
        ({"certificateAuthority": "b3RoZXI="}, "its certificate authority is another one"),
    ],
)
def test_what_an_instance_was_told_wrong_keeps_it_out(
    changed: dict[str, str],
    reason: str,
    cluster: Cluster,
    model: Model,
    launch: Launch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model.add_entry(launch.role, type=OF_NODES)
    launch(**changed)
    assert wait_for(lambda: reason in caplog.text)
    assert cluster.items(NODES) == []


def test_an_instance_waits_for_its_access_entry(
    cluster: Cluster, model: Model, launch: Launch, caplog: pytest.LogCaptureFixture
) -> None:
    model.add_entry(launch.role)
    launch()
    assert wait_for(lambda: f"no access entry of type {OF_NODES} lets {launch.role} in" in caplog.text)
    assert cluster.items(NODES) == []
    model.add_entry(launch.role, type=OF_NODES)
    assert wait_for(lambda: len(cluster.items(NODES)) == 1)


def test_an_instance_of_another_cluster_is_left_alone(cluster: Cluster, model: Model, launch: Launch) -> None:
    model.add_entry(launch.role, type=OF_NODES)
    launch(name="other")
    launch("m5.large")
    assert wait_for(lambda: len(cluster.items(NODES)) == 1)


@pytest.mark.parametrize("text", ["", "#!/bin/sh\necho hello\n", CONFIG.format(config="")])
def test_user_data_without_a_configuration_says_nothing(text: str) -> None:
    assert node_config(text) == {}
