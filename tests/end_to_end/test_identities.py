"""Who gets which rights: real tokens of service accounts, every action that IAM knows, and a second opinion."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import kubernetes
import pytest
from ansible_collections.piksel.platform.plugins.plugin_utils.iam_actions import DATA
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from end_to_end import ministack
from end_to_end.harness import Play
from end_to_end.identity_rights import ACCOUNT, DNS_ROLE, HUB, OTHERS, PROMISES, REGION, RESOURCES, TERRIA
from iam_evaluator import allows, names

AUDIENCE = "sts.amazonaws.com"
ACCOUNTS = sorted({account for promise in PROMISES.values() for account in promise.accounts})
# Of the right name in another namespace, and nobody's.
STRANGERS = ("default/terria-sa", "terria/default")


@pytest.fixture(scope="module")
def prod(sandbox, play: Play) -> Iterator:
    """Prod, converged: there every identity is switched on."""
    sandbox.clear_faults()
    sandbox.reset()
    play("site.yml", ["prod"]).ok()
    return sandbox


@pytest.fixture(scope="module")
def cluster(prod, env: dict[str, str]) -> kubernetes.client.CoreV1Api:
    """The API server, as the administrator reaches it by the kubeconfig."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        return kubernetes.client.CoreV1Api(
            kubernetes.config.new_client_from_config(env["KUBECONFIG"], context="piksel-production")
        )


@pytest.fixture(scope="module")
def tokens(cluster: kubernetes.client.CoreV1Api) -> dict[str, str]:
    """A token of each service account by namespace/name; what charts and add-ons make is made here in their place."""
    found = {}
    for account in (*ACCOUNTS, *STRANGERS):
        namespace, _slash, name = account.partition("/")
        with contextlib.suppress(kubernetes.client.ApiException):
            cluster.create_namespaced_service_account(namespace, {"metadata": {"name": name}})
        found[account] = token(cluster, account)
    return found


def token(cluster: kubernetes.client.CoreV1Api, account: str, audience: str = AUDIENCE) -> str:
    """What the API server gives for a TokenRequest.

    https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
    """
    namespace, _slash, name = account.partition("/")
    asked = {"spec": {"audiences": [audience], "expirationSeconds": 3600}}
    return cluster.create_namespaced_service_account_token(name, namespace, asked).status.token


@pytest.fixture(scope="module")
def assume(prod) -> Callable:
    """AssumeRoleWithWebIdentity as a pod calls it: without any credentials of its own."""
    sts = boto3.client("sts", region_name=REGION, endpoint_url=prod.url, config=Config(signature_version=UNSIGNED))

    def call(role: str, web_identity: str) -> dict:
        arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
        return sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="workload", WebIdentityToken=web_identity)

    return call


@pytest.fixture(scope="module")
def documents(prod, aws) -> Callable:
    """The policies of a role that are not AWS's own, as IAM has them."""
    iam = aws("iam", "prod")

    def read(role: str) -> list[dict]:
        found = []
        for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
            answer = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)
            found.append(answer["PolicyVersion"]["Document"])
        return found

    return read


@pytest.mark.requirement("IAM-01", "IAM-02", "IAM-03", "SECU-02")
@pytest.mark.parametrize("role", PROMISES)
def test_only_the_tokens_of_its_service_accounts_open_a_role(role: str, tokens: dict, assume: Callable) -> None:
    for account, web_identity in tokens.items():
        if account in PROMISES[role].accounts:
            session = assume(role, web_identity)
            assert session["SubjectFromWebIdentityToken"] == f"system:serviceaccount:{account.replace('/', ':')}"
            assert session["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/workload"
        else:
            with pytest.raises(ClientError, match="AccessDenied"):
                assume(role, web_identity)


@pytest.mark.requirement("IAM-03")
def test_a_token_for_another_audience_opens_nothing(cluster, tokens: dict, assume: Callable) -> None:
    other = token(cluster, "terria/terria-sa", audience="https://kubernetes.default.svc")
    with pytest.raises(ClientError, match="InvalidIdentityToken"):
        assume("iam-role-for-terria-sa", other)


@pytest.mark.requirement("IAM-13", "DNS-03")
def test_external_dns_goes_on_to_the_role_of_the_hub(prod, tokens: dict, assume: Callable) -> None:
    given = assume("piksel-production-external-dns", tokens["external-dns/external-dns-sa"])["Credentials"]
    sts = boto3.client(
        "sts",
        region_name=REGION,
        endpoint_url=prod.url,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    hub = sts.assume_role(RoleArn=DNS_ROLE, RoleSessionName="dns", ExternalId="external-dns-production")
    assert ":assumed-role/externaldns-pod-identity-target-role-production/" in hub["AssumedRoleUser"]["Arn"]


@pytest.mark.requirement(
    *(
        "IAM-02",
        "IAM-13",
        "IAM-14",
        "IAM-15",
        "IAM-16",
        "IAM-17",
        "IAM-18",
        "IAM-19",
        "IAM-20",
        "IAM-21",
        "S3-09",
        "S3-10",
    )
)
@pytest.mark.parametrize("role", [role for role, promise in PROMISES.items() if promise.rights is not None])
def test_a_role_can_do_what_was_promised_and_nothing_else(role: str, documents: Callable) -> None:
    """Every action that IAM knows, on everything that rights could be about."""
    policies, promise = documents(role), PROMISES[role]
    known = json.loads(DATA.read_text())["actions"]
    actions = [f"{service}:{name}" for service, all_of_it in known.items() for name in all_of_it]
    allowed = {
        (action, resource)
        for action in actions
        if names(policies, action)
        for resource in RESOURCES
        if allows(policies, action, resource, **promise.context)
    }
    assert allowed == promise.rights


@pytest.mark.requirement("IAM-14")
def test_the_efs_driver_touches_only_what_bears_its_tag(documents: Callable) -> None:
    policies = documents("piksel-production-efs-csi")
    rights = {right for right in PROMISES["piksel-production-efs-csi"].rights if ":Describe" not in right[0]}
    assert len(rights) == 3
    assert not [right for right in rights if allows(policies, *right)]


@pytest.mark.requirement("IAM-10", "IAM-11")
@pytest.mark.parametrize(
    ("role", "policy"),
    [
        ("piksel-production-ebs-csi", "service-role/AmazonEBSCSIDriverPolicy"),
        ("piksel-production-vpc-cni", "AmazonEKS_CNI_Policy"),
    ],
)
def test_drivers_of_the_addons_have_the_policies_of_aws(role: str, policy: str, prod, aws) -> None:
    attached = aws("iam", "prod").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [one["PolicyArn"] for one in attached] == [f"arn:aws:iam::aws:policy/{policy}"]


@pytest.mark.requirement("ECR-01", "ECR-03", "ECR-04", "CONF-12")
def test_nodes_pull_from_the_hub_and_do_no_more(prod, aws) -> None:
    """By a policy of their own and the hub's repository policies: no role of the hub, no secrets for pulls."""
    iam = aws("iam", "prod")
    arn = f"arn:aws:iam::{ACCOUNT}:policy/PikselHubImagePullPolicy"
    policy = [iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]]
    accounts = (HUB, "602401143452", "296578399912")
    places = [f"arn:aws:ecr:{REGION}:{account}:repository/ows" for account in accounts]
    others = [
        f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/ows",
        f"arn:aws:ecr:us-east-1:{HUB}:repository/ows",
        *RESOURCES,
    ]
    known = json.loads(DATA.read_text())["actions"]
    actions = [f"{service}:{name}" for service, all_of_it in known.items() for name in all_of_it]
    named = [action for action in actions if names(policy, action)]
    pull = {"ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability"}
    assert {(action, place) for action in named for place in places if allows(policy, action, place)} == {
        (action, place) for action in {*pull, "ecr:GetAuthorizationToken"} for place in places
    }
    assert {action for action in named for place in others if allows(policy, action, place)} == {
        "ecr:GetAuthorizationToken"
    }


@pytest.mark.requirement("ECR-04")
def test_no_service_account_has_secrets_for_pulls(cluster: kubernetes.client.CoreV1Api) -> None:
    assert not [one for one in cluster.list_service_account_for_all_namespaces().items if one.image_pull_secrets]


@pytest.mark.requirement("IAM-19")
def test_an_emulator_that_enforces_iam_agrees_about_terria(prod, aws, documents: Callable, tmp_path: Path) -> None:
    role = "iam-role-for-terria-sa"
    trust = aws("iam", "prod").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    issuer = f"https://{trust['Statement'][0]['Principal']['Federated'].partition('oidc-provider/')[2]}"
    with ministack.running(tmp_path, ACCOUNT) as emulator:
        emulator.provider(issuer)
        for name in (TERRIA, *OTHERS):
            emulator.bucket(name)
        arn = emulator.role(role, trust, documents(role))
        for stranger in ("terria:default", "default:terria-sa", "open-datacube:odc-data-reader"):
            with pytest.raises(ClientError, match="AccessDenied"):
                emulator.assume(arn, issuer, f"system:serviceaccount:{stranger}")
        given = emulator.assume(arn, issuer, "system:serviceaccount:terria:terria-sa")
        s3 = emulator.client("s3", **given)
        s3.put_object(Bucket=TERRIA, Key="map", Body=b"{}")
        assert [one["Key"] for one in s3.list_objects_v2(Bucket=TERRIA)["Contents"]] == ["map", "there"]
        assert s3.get_object(Bucket=TERRIA, Key="map")["Body"].read() == b"{}"
        s3.delete_object(Bucket=TERRIA, Key="map")
        for call in forbidden(s3, emulator, given):
            with pytest.raises(ClientError, match="AccessDenied"):
                call()


def forbidden(s3, emulator: ministack.Ministack, given: dict) -> list[Callable]:
    """What Terria's credentials must not do: anything in other buckets, and more than use objects in its own."""
    calls = [
        s3.list_buckets,
        lambda: s3.create_bucket(Bucket="new-bucket", CreateBucketConfiguration={"LocationConstraint": REGION}),
        lambda: s3.delete_bucket(Bucket=TERRIA),
        lambda: s3.get_bucket_policy(Bucket=TERRIA),
        lambda: s3.put_bucket_policy(Bucket=TERRIA, Policy="{}"),
        lambda: s3.get_object_acl(Bucket=TERRIA, Key="there"),
        lambda: s3.put_object_acl(Bucket=TERRIA, Key="there", ACL="public-read"),
        lambda: emulator.client("iam", **given).list_roles(),
    ]
    for name in OTHERS:
        calls += [
            lambda name=name: s3.list_objects_v2(Bucket=name),
            lambda name=name: s3.get_object(Bucket=name, Key="there"),
            lambda name=name: s3.put_object(Bucket=name, Key="map", Body=b"{}"),
            lambda name=name: s3.delete_object(Bucket=name, Key="there"),
        ]
    return calls
