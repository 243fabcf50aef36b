"""The inventories: what each host reads in each playbook, and that the three differ in values only."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from integration.environment_values import VALUES

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ("dev", "staging", "prod")
PLAYBOOKS = ["site.yml", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "playbooks").glob("*.yml"))]
SPEC = {
    key: option
    for path in sorted((ROOT / "playbooks/vars/inventory_spec").glob("*.yml"))
    for key, option in yaml.safe_load(path.read_text())["inventory_spec"].items()
}
WANTED = {
    "piksel-dev": {
        "piksel_account_id": "236122835646",
        "piksel_environment": "dev",
        "piksel_aws_profile": "dev-piksel",
        "piksel_aws_region": "ap-southeast-3",
        "piksel_vpc_cidr": "10.1.0.0/16",
        "piksel_kubernetes_version": "1.34",
        "piksel_gpu_limit": 30,
        "piksel_default_cpu_limit": 10000,
        "eks_cluster_name": "piksel-dev",
        "vpc_lookup_name": "piksel-dev-vpc",
        "ansible_connection": "local",
    },
    "piksel-staging": {
        "piksel_account_id": "326641642924",
        "piksel_environment": "staging",
        "piksel_aws_profile": "staging-piksel",
        "piksel_aws_region": "ap-southeast-3",
        "piksel_vpc_cidr": "10.2.0.0/16",
        "piksel_kubernetes_version": "1.34",
        "piksel_gpu_limit": 30,
        "piksel_default_cpu_limit": 10000,
        "eks_cluster_name": "piksel-staging",
        "vpc_lookup_name": "piksel-staging-vpc",
        "ansible_connection": "local",
    },
    "piksel-prod": {
        "piksel_account_id": "522783511350",
        "piksel_environment": "production",
        "piksel_aws_profile": "prod-piksel",
        "piksel_aws_region": "ap-southeast-3",
        "piksel_vpc_cidr": "10.3.0.0/16",
        "piksel_kubernetes_version": "1.36",
        "piksel_gpu_limit": 30,
        "piksel_default_cpu_limit": 10000,
        "eks_cluster_name": "piksel-production",
        "vpc_lookup_name": "piksel-production-vpc",
        "ansible_connection": "local",
    },
}


def keys_of(environment: str) -> dict[str, object]:
    """Every key that an environment sets itself."""
    folder = ROOT / "inventories" / environment / "group_vars" / environment
    return {
        key: value for path in sorted(folder.glob("*.yml")) for key, value in yaml.safe_load(path.read_text()).items()
    }


def read(
    environments: tuple[str, ...], names: list[str], playbooks: list[str] = PLAYBOOKS, more: tuple[Path, ...] = ()
) -> list[tuple[str, str, str, dict]]:
    """(playbook, play, host, values) as Ansible itself sees them; `more` are further inventories."""
    sources = [*(f"inventories/{one}" for one in environments), *map(str, more)]
    asked = {"sources": sources, "playbooks": playbooks, "names": names}
    script = ROOT / "tests/integration/inventory_variables.py"
    done = subprocess.run(
        [sys.executable, "-P", script, json.dumps(asked)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.requirement(
    "GEN-01",
    "GEN-05",
    "GEN-06",
    "ACC-01",
    "ACC-04",
    "EKS-01",
    "EKS-02",
    "ENV-01",
    "ENV-02",
    "ENV-03",
    "ENV-05",
    "ENV-09",
    "ENV-10",
    "ENV-27",
    "ENV-28",
    "CONF-07",
    "CONF-08",
)
def test_each_host_reads_its_own_values_in_every_playbook() -> None:
    """With three -i: account, shared and overridden values, for each play of each playbook."""
    rows = read(ENVIRONMENTS, list(WANTED["piksel-dev"]))
    for playbook, play, host, values in rows:
        assert values == WANTED[host], (playbook, play, host)
    plays = {(playbook, play) for playbook, play, _host, _values in rows}
    assert {playbook for playbook, _play in plays} == set(PLAYBOOKS)
    assert len(rows) == 3 * len(plays)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_one_inventory_alone_has_one_host(environment: str) -> None:
    """A run without asking touches one account."""
    assert {host for _playbook, _play, host, _values in read((environment,), ["piksel_environment"], ["site.yml"])} == {
        f"piksel-{environment}"
    }


@pytest.mark.requirement("GEN-07")
def test_tags_of_every_resource() -> None:
    """The tags carry the title of the environment, and no CostCenter while nobody set it."""
    tags = {
        host: values["piksel_tags"]
        for _playbook, _play, host, values in read(ENVIRONMENTS, ["piksel_tags"], ["site.yml"])
    }
    shared = {"Project": "Piksel", "Owner": "Piksel-Devops-Team", "ManagedBy": "Ansible"}
    assert tags == {
        "piksel-dev": {**shared, "Environment": "Development"},
        "piksel-staging": {**shared, "Environment": "Staging"},
        "piksel-prod": {**shared, "Environment": "Production"},
    }


@pytest.mark.requirement("GEN-01", "CONF-24")
def test_the_environments_set_the_same_keys() -> None:
    """One architecture: only values differ."""
    assert keys_of("dev").keys() == keys_of("staging").keys() == keys_of("prod").keys()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_shared_values_are_linked(environment: str) -> None:
    """No copy of the architecture, and nothing that would win for every host of a run with several inventories."""
    folder = ROOT / "inventories" / environment / "group_vars"
    assert (folder / "all").readlink() == Path("../../../group_vars/all")
    assert {path.name for path in folder.iterdir()} == {"all", environment}
    own = {key for path in (ROOT / "group_vars/all").glob("*.yml") for key in yaml.safe_load(path.read_text())}
    assert not own & keys_of(environment).keys()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_key_is_described_and_only_keys_that_somebody_sets(environment: str) -> None:
    """The description of the inventory and the inventory say the same."""
    shared = {key for path in (ROOT / "group_vars/all").glob("*.yml") for key in yaml.safe_load(path.read_text())}
    named = {key for key in shared | keys_of(environment).keys() if key.startswith("piksel_")}
    assert named == SPEC.keys()
    assert all(option.get("description") for option in SPEC.values())


@pytest.mark.requirement(
    *(f"ENV-{number:02d}" for number in range(1, 38) if number != 4),
    "CONF-02",
    "CONF-03",
    "CONF-11",
    "CONF-17",
    "ECR-02",
)
@pytest.mark.requirement("S3-05", "S3-06", "S3-09", "S3-10", "S3-13", "CONF-16", "CONF-17")
def test_every_value_is_the_one_that_was_decided() -> None:
    """Each environment's values against a table of their own; a typing error in any of them shows."""
    rows = read(ENVIRONMENTS, list(VALUES), ["site.yml"])
    hosts = {"piksel-dev": 0, "piksel-staging": 1, "piksel-prod": 2}
    for _playbook, _play, host, values in rows:
        assert values == {name: wanted[hosts[host]] for name, wanted in VALUES.items()}
    assert {host for _playbook, _play, host, _values in rows} == hosts.keys()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_images_and_proxy_match_the_version_of_kubernetes(environment: str) -> None:
    """The GPU image and kube-proxy hold the cluster's minor version."""
    values = keys_of(environment)
    minor = values["piksel_kubernetes_version"]
    assert f"-nvidia-{minor}-" in values["piksel_gpu_ami_name"]
    assert values["piksel_addon_versions"]["kube-proxy"].startswith(f"v{minor}.")


@pytest.mark.requirement("IAM-13")
@pytest.mark.parametrize("variable", ["piksel_identities", "piksel_identity_overrides"])
def test_session_tags_go_on_to_the_hub_wherever_the_backend_is_chosen(tmp_path: Path, variable: str) -> None:
    """Pod Identity tags its sessions, and a role of the hub refuses tags that the policy does not allow."""
    chosen = {variable: {"external_dns": {"backend": "pod_identity"}}}
    hosts = tmp_path / "hosts.yml"
    hosts.write_text(yaml.safe_dump({"all": {"hosts": {"piksel-prod": chosen}}}), encoding="utf-8")
    for more, actions in (((), "sts:AssumeRole"), ((hosts,), ["sts:AssumeRole", "sts:TagSession"])):
        (row,) = read(("prod",), ["piksel_policies"], ["playbooks/irsa.yml"], more)
        assert row[-1]["piksel_policies"]["external_dns"]["statements"][0]["Action"] == actions


@pytest.mark.requirement("EKS-36")
def test_staging_and_prod_are_protected_against_deletion() -> None:
    """Dev may be torn down."""
    protected = {one: keys_of(one)["piksel_cluster_deletion_protection"] for one in ENVIRONMENTS}
    assert protected == {"dev": False, "staging": True, "prod": True}
