"""Faults: what they do to calls, for which calls, how often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError

from piksel_sandbox import cli, faults
from piksel_sandbox.cli_faults import HELP
from piksel_sandbox.client import Sandbox, SandboxError
from piksel_sandbox.sessions import Session

SessionOf = Callable[[str], Session]
READS = {
    "sts": "get_caller_identity",
    "iam": "list_roles",
    "ec2": "describe_vpcs",
    "eks": "list_clusters",
    "kms": "list_keys",
    "s3": "list_buckets",
}
THROTTLED = {
    "sts": "Throttling",
    "iam": "Throttling",
    "ec2": "RequestLimitExceeded",
    "eks": "ThrottlingException",
    "kms": "ThrottlingException",
    "s3": "SlowDown",
}


@pytest.fixture(autouse=True)
def no_faults(sandbox: Sandbox) -> Iterator[None]:
    """Leaves no fault and no record to the next test."""
    sandbox.clear_calls()
    yield
    sandbox.clear_faults()
    sandbox.clear_calls()


def outcomes(client: object, service: str, count: int) -> list[str]:
    """What `count` reads came to: "ok" or the error's code."""
    found = []
    for _ in range(count):
        try:
            getattr(client, READS[service])()
            found.append("ok")
        except ClientError as error:
            found.append(error.response["Error"]["Code"])
        except BotoCoreError as error:
            found.append(type(error).__name__)
    return found


@pytest.mark.parametrize("service", READS)
def test_every_third_call_is_throttled_in_the_services_shape(
    sandbox: Sandbox, session_of: SessionOf, service: str
) -> None:
    sandbox.add_fault("throttle", every=3)
    client = session_of("dev-piksel").client(service, retries=0)
    assert outcomes(client, service, 6) == ["ok", "ok", THROTTLED[service]] * 2


@pytest.mark.parametrize("service", READS)
@pytest.mark.parametrize("action", ["throttle", "error", "reset-before", "reset-after"])
def test_botocore_retries_what_is_injected(sandbox: Sandbox, session_of: SessionOf, service: str, action: str) -> None:
    sandbox.add_fault(action, operation=f"{service}:*", times=1)
    assert outcomes(session_of("dev-piksel").client(service), service, 1) == ["ok"]
    assert sandbox.faults()[0]["acted"] == 1


def test_a_rate_is_spread_evenly(sandbox: Sandbox, session_of: SessionOf) -> None:
    sandbox.add_fault("error", rate=0.1, status=500)
    found = outcomes(session_of("dev-piksel").client("eks", retries=0), "eks", 40)
    assert [index for index, code in enumerate(found) if code != "ok"] == [9, 19, 29, 39]


def test_a_call_that_one_fault_ended_is_not_seen_by_the_next(sandbox: Sandbox, session_of: SessionOf) -> None:
    """Else a fault would be used up, and counted, by calls that it never touched."""
    sandbox.add_fault("throttle", operation="eks:*", every=2)
    sandbox.add_fault("error", operation="eks:*", every=2)
    found = outcomes(session_of("dev-piksel").client("eks", retries=0), "eks", 8)
    throttled, failed = "ThrottlingException", "ServiceUnavailable"
    assert found == ["ok", throttled, failed, throttled, "ok", throttled, failed, throttled]
    assert [(fault["matched"], fault["acted"]) for fault in sandbox.faults()] == [(8, 4), (4, 2)]


def test_latency_delays_only_its_operation(sandbox: Sandbox, session_of: SessionOf) -> None:
    sandbox.add_fault("latency", operation="eks:ListClusters", seconds=0.4)
    eks = session_of("dev-piksel").client("eks")
    started = time.monotonic()
    eks.list_clusters()
    assert time.monotonic() - started >= 0.4
    eks.describe_cluster_versions()
    assert sandbox.faults()[0]["matched"] == 1


def test_a_delayed_call_holds_nobody_else_up(sandbox: Sandbox, session_of: SessionOf) -> None:
    sandbox.add_fault("latency", operation="eks:*", seconds=30)
    threading.Thread(target=outcomes, args=(session_of("dev-piksel").client("eks"), "eks", 1), daemon=True).start()
    started = time.monotonic()
    session_of("dev-piksel").client("sts").get_caller_identity()
    assert time.monotonic() - started < 20


def test_a_lost_connection_before_leaves_nothing_done(sandbox: Sandbox, session_of: SessionOf) -> None:
    sandbox.add_fault("reset-before", operation="logs:CreateLogGroup")
    logs = session_of("dev-piksel").client("logs", retries=0)
    with pytest.raises(ConnectionClosedError):
        logs.create_log_group(logGroupName="/lost/before")
    assert logs.describe_log_groups(logGroupNamePrefix="/lost/before")["logGroups"] == []
    assert [(row["operation"], row["status"]) for row in sandbox.calls(writes=True)] == [("CreateLogGroup", 0)]


def test_a_lost_answer_leaves_the_write_done(sandbox: Sandbox, session_of: SessionOf) -> None:
    sandbox.add_fault("reset-after", operation="*:Create*", times_per_operation=1)
    logs = session_of("dev-piksel").client("logs", retries=0)
    with pytest.raises(ConnectionClosedError):
        logs.create_log_group(logGroupName="/lost/after")
    assert len(logs.describe_log_groups(logGroupNamePrefix="/lost/after")["logGroups"]) == 1
    assert [(row["operation"], row["status"]) for row in sandbox.calls(writes=True)] == [("CreateLogGroup", 200)]
    logs.create_log_group(logGroupName="/lost/second")
    kms = session_of("dev-piksel").client("kms", retries=0)
    with pytest.raises(ConnectionClosedError):
        kms.create_key()
    kms.create_key()
    for name in ("/lost/after", "/lost/second"):
        logs.delete_log_group(logGroupName=name)


def test_a_failing_create_does_not_use_up_a_lost_answer(sandbox: Sandbox, session_of: SessionOf) -> None:
    sandbox.add_fault("reset-after", operation="iam:CreateRole", times=1)
    iam = session_of("dev-piksel").client("iam", retries=0)
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="piksel-automation", AssumeRolePolicyDocument="{}")
    assert sandbox.faults()[0]["acted"] == 0


def test_stall_lets_k_writes_of_the_run_pass_and_holds_the_rest(sandbox: Sandbox, session_of: SessionOf) -> None:
    sandbox.add_fault("stall", after_writes=2)
    logs = session_of("dev-piksel").client("logs", retries=0)
    for number in (1, 2):
        logs.create_log_group(logGroupName=f"/stall/{number}")
    failed: list[str] = []

    def third() -> None:
        try:
            logs.create_log_group(logGroupName="/stall/3")
        except BotoCoreError as error:
            failed.append(type(error).__name__)

    held = threading.Thread(target=third)
    held.start()
    assert len(logs.describe_log_groups(logGroupNamePrefix="/stall")["logGroups"]) == 2
    session_of("dev-network-owner").client("logs").create_log_group(logGroupName="/stall/foreign")
    time.sleep(0.3)
    assert held.is_alive()
    sandbox.clear_faults()
    held.join(10)
    assert failed == ["ConnectionClosedError"]
    names = {group["logGroupName"] for group in logs.describe_log_groups(logGroupNamePrefix="/stall")["logGroups"]}
    assert names == {"/stall/1", "/stall/2", "/stall/foreign"}
    assert [row["object"] for row in sandbox.calls(writes=True)] == ["/stall/1", "/stall/2"]
    for name in names:
        logs.delete_log_group(logGroupName=name)


def test_selection_by_account_caller_object_and_kind(sandbox: Sandbox, session_of: SessionOf) -> None:
    sandbox.add_fault("throttle", operation="iam:Get*", object="piksel-auto*", account="522783511350", caller="run")
    same = {"RoleName": "piksel-automation"}
    prod = session_of("prod-piksel").client("iam", retries=0)
    with pytest.raises(ClientError, match="Throttling"):
        prod.get_role(**same)
    prod.get_role(RoleName="piksel-network-owner")
    session_of("dev-piksel").client("iam", retries=0).get_role(**same)
    session_of("prod-network-owner").client("iam", retries=0).get_role(**same)
    sandbox.clear_faults()
    sandbox.add_fault("throttle", writes=True)
    prod.get_role(**same)
    with pytest.raises(ClientError, match="Throttling"):
        prod.tag_role(**same, Tags=[{"Key": "a", "Value": "b"}])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"action": "explode"}, "unknown action 'explode'"),
        ({"action": "throttle", "operation": "CreateRole"}, "operation is service:Operation"),
        ({"action": "error", "status": 404}, "status is 500"),
        ({"action": "throttle", "rate": 2.0}, "rate above 0"),
        ({"action": "throttle", "frequency": 3}, "unexpected keyword argument 'frequency'"),
        ({"action": "fail", "operation": "eks:CreateCluster", "caller": "run"}, "leave caller away"),
        ({"action": "fail", "operation": "iam:CreateRole"}, "can fail; what can: .*eks:CreateCluster.*CreateDBInst"),
        ({"action": "fail", "operation": "*:ListClusters"}, "nothing that .* makes can fail"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(sandbox: Sandbox, fields: dict[str, object], message: str) -> None:
    with pytest.raises(SandboxError, match=message):
        sandbox.add_fault(**fields)
    assert sandbox.faults() == []


def test_failures_are_told_to_who_makes_the_object() -> None:
    registry = faults.registry
    registry.add(action="fail", operation="eks:CreateCluster", object="piksel-*", times=1, reason="no capacity")
    try:
        assert faults.failure_for("eks", "CreateCluster", "other") is None
        assert faults.failure_for("eks", "CreateAddon", "piksel-dev") is None
        assert faults.failure_for("eks", "CreateCluster", "piksel-dev", "236122835646") == "no capacity"
        assert faults.failure_for("eks", "CreateCluster", "piksel-dev") is None
    finally:
        registry.clear()


def test_the_command_line_sets_lists_and_clears(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    top = ["--state", str(sandbox.state.folder), "fault"]
    assert cli.main([*top, "throttle", "--every", "3"]) == 0
    assert cli.main([*top, "error", "--rate", "0.05", "--operation", "eks:*", "--once"]) == 0
    assert cli.main([*top, "stall", "--after-writes", "4"]) == 0
    first, second, third = (int(line) for line in capsys.readouterr().out.split())
    cli.main([*top, "clear", str(first)])
    shown = {fault["id"]: fault for fault in sandbox.faults()}
    assert shown[second] == {
        "id": second, "action": "error", "operation": "eks:*", "rate": 0.05, "times": 1, "matched": 0, "acted": 0,
    }  # fmt: skip
    assert (shown[third]["after_writes"], shown[third]["caller"]) == (4, "run")
    cli.main([*top, "clear"])
    assert sandbox.faults() == []
    assert cli.main([*top, "throttle", "--operation", "nonsense"]) == 1
    assert "operation is service:Operation" in capsys.readouterr().err


def test_help_names_every_action() -> None:
    assert set(HELP) == set(faults.ACTIONS)
