"""Every scenario of molecule/: plan from empty, run, silent second run, and the APIs say the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
ROLES = ROOT / "collections/ansible_collections/piksel/platform/roles"
SCENARIOS = sorted(path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml"))
# What the verify playbook of a scenario asserts against the APIs.
PROVES = {
    "eks_addons": pytest.mark.requirement(
        *("EKS-20", "EKS-21", "EKS-22", "EKS-23", "EKS-25", "ENV-11", "ENV-12", "ENV-13", "ENV-14", "CONF-22")
    ),
    "eks_cluster": pytest.mark.requirement("EKS-01", "EKS-02", "EKS-03", "EKS-10", "EKS-12", "OPS-09"),
    "helm_releases": pytest.mark.requirement("GEN-10"),
    "irsa": pytest.mark.requirement(
        *(
            "IAM-01",
            "IAM-02",
            "IAM-03",
            "IAM-04",
            "IAM-06",
            "IAM-10",
            "IAM-11",
            "IAM-12",
            "IAM-14",
            "IAM-15",
            "IAM-16",
            "IAM-17",
            "IAM-18",
        ),
        *("IAM-19", "IAM-20", "IAM-32"),
    ),
    "external_dns": pytest.mark.requirement("DNS-01", "DNS-03", "DNS-04", "DNS-05", "ADDN-07", "IAM-13"),
    "fargate_profiles": pytest.mark.requirement(
        *("FARG-01", "FARG-02", "FARG-03", "FARG-04", "IAM-30", "EKS-11", "CONF-04", "CONF-05")
    ),
    "karpenter": pytest.mark.requirement(
        *("KARP-01", "KARP-02", "KARP-05", "KARP-06", "KARP-07", "KARP-08", "KARP-10", "KARP-11", "KARP-12", "KARP-13"),
        *("KARP-14", "KARP-15", "KARP-16", "KARP-20", "KARP-21", "KARP-22", "KARP-23", "KARP-24", "KARP-25", "KARP-26"),
        *("KARP-27", "KARP-30", "KARP-31", "KARP-32", "KARP-36", "IAM-31", "IAM-33", "EKS-11", "ECR-03", "SECU-04"),
        *("CONF-10", "CONF-11"),
    ),
    "flux_bootstrap": pytest.mark.requirement(
        *("FLUX-01", "FLUX-02", "FLUX-03", "FLUX-04", "FLUX-05", "FLUX-06", "FLUX-07", "FLUX-10", "FLUX-11", "FLUX-14"),
        *("FLUX-15", "FLUX-16", "FLUX-18", "FLUX-19", "FLUX-21", "FLUX-23", "ENV-34", "ENV-35", "CONF-18", "CONF-02"),
    ),
    "namespaces": pytest.mark.requirement(
        *("NS-01", "NS-02", "NS-03", "NS-10", "NS-11", "NS-12", "NS-13", "NS-14", "NS-15", "NS-16", "NS-17", "NS-18"),
        *("NS-19", "NS-20", "NS-30", "SECU-06", "OBS-01"),
    ),
    "rds": pytest.mark.requirement(
        *(
            "RDS-01",
            "RDS-02",
            "RDS-03",
            "RDS-04",
            "RDS-05",
            "RDS-06",
            "RDS-07",
            "RDS-08",
            "RDS-10",
            "CONF-04",
            "CONF-14",
        ),
    ),
    "s3": pytest.mark.requirement(
        *("S3-01", "S3-02", "S3-03", "S3-04", "S3-05", "S3-06", "S3-11", "S3-12", "CONF-16", "CONF-17", "ENV-30"),
    ),
    "secrets": pytest.mark.requirement(
        *("SECR-01", "SECR-02", "SECR-03", "SECR-06", "SECR-10", "SECR-11", "SECR-12", "SECR-13", "SECR-14", "SECR-15"),
        *("SECR-16", "SECR-20", "SECR-21", "SECR-22", "SECR-23", "SECR-32", "SECR-33", "SECR-34", "SECR-36", "SECR-37"),
        *("SECR-38", "SECR-39", "SECU-05"),
    ),
    "node_groups": pytest.mark.requirement(
        "EKS-11", "EKS-30", "EKS-31", "EKS-33", "SECU-04", "CONF-04", "ECR-03", "ECR-04"
    ),
    "preflight": pytest.mark.requirement("GEN-08"),
    "security_report": pytest.mark.requirement("SECU-19"),
    "storage_classes": pytest.mark.requirement("STOR-01", "STOR-02", "STOR-03"),
    "vpc_lookup": pytest.mark.requirement("NET-02", "NET-04"),
}


def test_each_role_has_a_scenario() -> None:
    assert sorted(path.name for path in ROLES.iterdir() if path.is_dir()) == SCENARIOS


@pytest.mark.parametrize("scenario", [pytest.param(name, marks=PROVES[name]) for name in SCENARIOS])
def test_scenario(scenario: str, env: dict[str, str], tmp_path: Path) -> None:
    """`molecule test` ends with 0; its log is what a failure shows."""
    environment = {
        **env,
        "PATH": f"{BIN}{os.pathsep}{env['PATH']}",
        "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path),
        "NO_COLOR": "1",
    }
    result = subprocess.run(
        [BIN / "molecule", "test", "--scenario-name", scenario],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
