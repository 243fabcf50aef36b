"""Access to the API server as EKS grants it: tokens, access entries, policies and their scopes."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import pytest

READ_ROLE = "piksel-test-reader"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


def until(kubectl, verdict: str, *arguments: str, **env: str) -> float:
    """Repeat a call until its verdict is the wanted one ("allowed", "forbidden", "unauthorized"); returns the seconds.

    Raises:
        AssertionError: the verdict is another one for more than 10 s.
    """
    began = time.monotonic()
    while time.monotonic() - began < 10:
        answer = kubectl(*arguments, **env)
        if verdict_of(answer) == verdict:
            return time.monotonic() - began
        time.sleep(0.3)
    raise AssertionError(f"not {verdict} after 10 s: {answer.stdout} {answer.stderr}")


def verdict_of(answer) -> str:
    """What the API server made of a call of kubectl."""
    if answer.returncode == 0:
        return "allowed"
    text = answer.stderr.lower()
    if "forbidden" in text:
        return "forbidden"
    return "unauthorized" if "unauthorized" in text or "must be logged in" in text else text


@pytest.fixture
def reader(converged, aws, env, tmp_path) -> dict[str, str]:
    """Environment of a session of a further role of the account, which has no access entry yet."""
    del converged
    iam = aws("iam")
    role = iam.create_role(
        RoleName=READ_ROLE,
        AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::236122835646:root"},"Action":"sts:AssumeRole"}]}',
    )["Role"]
    session = aws("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="reader")["Credentials"]
    config = tmp_path / "config"
    config.write_text(
        f"[profile dev-piksel]\nregion = ap-southeast-3\naws_access_key_id = {session['AccessKeyId']}\n"
        f"aws_secret_access_key = {session['SecretAccessKey']}\naws_session_token = {session['SessionToken']}\n"
    )
    empty = tmp_path / "credentials"
    empty.write_text("")
    yield {"arn": role["Arn"], "env": {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(empty)}}
    eks = aws("eks")
    if role["Arn"] in eks.list_access_entries(clusterName="piksel-dev")["accessEntries"]:
        eks.delete_access_entry(clusterName="piksel-dev", principalArn=role["Arn"])
    iam.delete_role(RoleName=READ_ROLE)


@pytest.mark.requirement("EKS-03", "EKS-09", "EKS-10", "OPS-09")
def test_administrator_can_use_the_kubeconfig(converged, kubectl_json) -> None:
    """The context that the run wrote works for the administrator and sees what the run made."""
    del converged
    names = {item["metadata"]["name"] for item in kubectl_json("namespaces")["items"]}
    assert {"karpenter", "flux-system", "argo-workflows", "open-datacube"} <= names


@pytest.mark.requirement("EKS-09", "EKS-10")
def test_no_entry_then_no_policy_then_scope_then_removed(reader, aws, kubectl) -> None:
    """401 without an entry, 403 with an entry and no policy, 403 outside the scope, refused soon after the removal."""
    eks = aws("eks")
    inside = ("get", "configmaps", "-n", "terria")
    assert verdict_of(kubectl(*inside, **reader["env"])) == "unauthorized"

    eks.create_access_entry(clusterName="piksel-dev", principalArn=reader["arn"], type="STANDARD")
    until(kubectl, "forbidden", *inside, **reader["env"])

    eks.associate_access_policy(
        clusterName="piksel-dev",
        principalArn=reader["arn"],
        policyArn=VIEW,
        accessScope={"type": "namespace", "namespaces": ["terria"]},
    )
    until(kubectl, "allowed", *inside, **reader["env"])
    assert verdict_of(kubectl("get", "configmaps", "-n", "karpenter", **reader["env"])) == "forbidden"
    assert verdict_of(kubectl("create", "configmap", "x", "-n", "terria", **reader["env"])) == "forbidden"

    eks.delete_access_entry(clusterName="piksel-dev", principalArn=reader["arn"])
    until(kubectl, "unauthorized", *inside, **reader["env"])


def test_token_for_another_cluster_is_refused(converged, env, kubectl) -> None:
    """A token names its cluster in what is signed; one that was made for another name does not open this one."""
    del converged
    made = subprocess.run(
        ["aws", "eks", "get-token", "--cluster-name", "piksel-staging", "--region", "ap-southeast-3"],
        env={**env, "AWS_PROFILE": "dev-piksel"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    token = json.loads(made.stdout)["status"]["token"]
    server = kubectl("config", "view", "--raw", "--minify", "-o", "json")
    cluster = json.loads(server.stdout)["clusters"][0]["cluster"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    request = urllib.request.Request(
        f"{cluster['server']}/api/v1/namespaces", headers={"Authorization": f"Bearer {token}"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, context=context, timeout=10)
    assert refused.value.code == 401
