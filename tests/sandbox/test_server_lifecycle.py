"""The sandbox's process: up, down, what it leaves behind, and what it survives."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from piksel_sandbox import cli, internal, processes
from piksel_sandbox.client import Sandbox, SandboxError
from piksel_sandbox.sessions import Session
from piksel_sandbox.state import State
from sandbox.timing import fastest, seconds

COMMAND = str(Path(sys.executable).parent / "piksel-sandbox")


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """Makes sandboxes without Kubernetes in folders of their own, and ends them."""
    made = []

    def build(name: str = "one") -> Sandbox:
        made.append(Sandbox(tmp_path / name, kubernetes=False, bound=True))
        return made[-1]

    yield build
    for sandbox in made:
        sandbox.down()


def is_listening(url: str) -> bool:
    """Whether anybody accepts connections where the sandbox did."""
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def processes_of(folder: Path) -> list[str]:
    """Command lines of the processes that name a state folder."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(folder) in line and int(file.parent.name) != os.getpid():
            lines.append(line)
    return lines


def test_up_serves_within_ten_seconds_and_down_leaves_nothing(make: Callable[..., Sandbox]) -> None:
    sandbox = make()

    def start() -> float:
        sandbox.down()
        return seconds(sandbox.up)

    assert fastest(start, 10) < 10
    status = sandbox.status()
    assert is_listening(status["url"])
    assert Session(sandbox, "dev-piksel").client("sts").get_caller_identity()["Account"] == "236122835646"
    assert sandbox.down() is True
    assert not is_listening(status["url"])
    assert not sandbox.state.is_locked()
    assert sandbox.state.daemon() is None
    assert list(sandbox.state.pids.iterdir()) == []
    assert processes_of(sandbox.state.folder) == []
    assert sandbox.down() is False


def test_up_again_changes_nothing(make: Callable[..., Sandbox]) -> None:
    sandbox = make()
    assert sandbox.up()["pid"] == sandbox.up()["pid"]


def test_two_commands_at_once_start_one_daemon(make: Callable[..., Sandbox]) -> None:
    sandbox = make()
    with ThreadPoolExecutor(2) as pool:
        pids = {status["pid"] for status in pool.map(lambda _: sandbox.up(), range(2))}
    assert len(pids) == 1


def test_port_and_credentials_survive_down_and_reset(make: Callable[..., Sandbox]) -> None:
    sandbox = make()
    url = sandbox.up()["url"]
    sts = Session(sandbox, "prod-automation").client("sts")
    arn = sts.get_caller_identity()["Arn"]
    sandbox.reset()
    assert sts.get_caller_identity()["Arn"] == arn
    sandbox.down()
    assert sandbox.up()["url"] == url
    assert sts.get_caller_identity()["Arn"] == arn


def test_a_taken_port_is_replaced(make: Callable[..., Sandbox]) -> None:
    sandbox = make()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        sandbox.state.make()
        sandbox.state.remember(port=taken.getsockname()[1])
        assert sandbox.up()["port"] != taken.getsockname()[1]


def test_two_sandboxes_do_not_meet(make: Callable[..., Sandbox]) -> None:
    one, two = make("one"), make("two")
    assert one.up()["url"] != two.up()["url"]
    Session(one, "dev-piksel").client("iam").create_role(RoleName="only-in-one", AssumeRolePolicyDocument="{}")
    foreign = Session(two, "dev-piksel").client("iam")
    assert "only-in-one" not in [role["RoleName"] for role in foreign.list_roles()["Roles"]]
    key = Session(one, "dev-piksel")
    stranger = Session(two, "dev-piksel").client(
        "sts", retries=0, aws_access_key_id=key.access_key_id, aws_secret_access_key=key.secret_access_key,
        aws_session_token=key.session_token,
    )  # fmt: skip
    with pytest.raises(stranger.exceptions.ClientError, match="InvalidClientTokenId"):
        stranger.get_caller_identity()
    one.down()
    assert two.status()["url"]


def test_reset_empties_accounts_within_five_seconds(make: Callable[..., Sandbox]) -> None:
    sandbox = make()
    sandbox.up()
    session = Session(sandbox, "dev-piksel")
    session.client("iam").create_role(RoleName="mine", AssumeRolePolicyDocument="{}")
    session.client("logs").create_log_group(logGroupName="/mine")
    session.client("kms").create_key()
    vpc = sandbox.status()["networks"]["dev"]["vpc_id"]
    assert fastest(lambda: seconds(sandbox.reset), 5) < 5
    assert "mine" not in [role["RoleName"] for role in session.client("iam").list_roles()["Roles"]]
    groups = session.client("logs").describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/aws/vpc-flow-log/piksel-dev-vpc"]
    assert session.client("kms").list_keys()["Keys"] == []
    assert sandbox.status()["networks"]["dev"]["vpc_id"] != vpc


def test_calls_during_a_reset_wait_for_its_end(make: Callable[..., Sandbox]) -> None:
    """Whoever calls is known before and after; in between nobody is, and a call that came then was refused once."""
    sandbox = make()
    sandbox.up()
    reads = [
        getattr(Session(sandbox, "dev-piksel").client(service, retries=0), read)
        for service, read in (("sts", "get_caller_identity"), ("ec2", "describe_vpcs"), ("kms", "list_keys"))
    ]
    ended = threading.Event()

    def call(read: Callable[[], Any]) -> int:
        calls = 0
        while not ended.is_set():
            read()
            calls += 1
        return calls

    with ThreadPoolExecutor(3) as pool:
        counts = [pool.submit(call, read) for read in reads]
        try:
            for _ in range(3):
                sandbox.reset()
        finally:
            ended.set()
        assert all(count.result() for count in counts)


def test_a_reset_that_does_not_end_is_not_waited_for_without_end() -> None:
    with ThreadPoolExecutor(1) as pool, internal.moto_lock:

        def call() -> None:
            with internal.accounts(seconds=0.05):
                pass

        with pytest.raises(internal.AccountsBusyError):
            pool.submit(call).result()


def test_a_killed_daemon_takes_its_children_along(tmp_path: Path) -> None:
    state = State(tmp_path / "killed")
    state.make()
    script = (
        "import sys, time; from piksel_sandbox import processes; from piksel_sandbox.state import State\n"
        "child = processes.spawn(State(sys.argv[1]), 'sleeper', ['sleep', '300'])\n"
        "print(child.pid, flush=True); time.sleep(300)"
    )
    daemon = subprocess.Popen([sys.executable, "-c", script, str(state.folder)], stdout=subprocess.PIPE, text=True)
    child = int(daemon.stdout.readline())
    start = processes.start_ticks(child)
    assert start is not None
    daemon.send_signal(signal.SIGKILL)
    daemon.wait()
    assert processes.wait_gone(child, start, 5)


def test_a_child_outlives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.make()
    with ThreadPoolExecutor(1) as pool:
        child = pool.submit(processes.spawn, state, "sleeper", ["sleep", "300"]).result()
    time.sleep(0.2)
    assert child.poll() is None
    processes.stop(state, child)
    assert list(state.pids.iterdir()) == []


def test_down_ends_what_a_crash_left_over(make: Callable[..., Sandbox]) -> None:
    sandbox = make()
    sandbox.state.make()
    left = subprocess.Popen(["sleep", "300"])
    entry = {"pid": left.pid, "name": "etcd", "start": processes.start_ticks(left.pid)}
    (sandbox.state.pids / f"{left.pid}.json").write_text(json.dumps(entry), encoding="utf-8")
    innocent = subprocess.Popen(["sleep", "300"])
    reused = {"pid": innocent.pid, "name": "kwok", "start": "1"}
    (sandbox.state.pids / f"{innocent.pid}.json").write_text(json.dumps(reused), encoding="utf-8")
    try:
        assert sandbox.down() is True
        assert left.wait(5) == -signal.SIGKILL
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()
        left.kill()
        left.wait()


def test_up_works_after_the_daemon_was_killed(make: Callable[..., Sandbox]) -> None:
    sandbox = make()
    first = sandbox.up()
    os.kill(first["pid"], signal.SIGKILL)
    while sandbox.state.is_locked():
        time.sleep(0.01)
    with pytest.raises(SandboxError, match="is not up"):
        sandbox.status()
    assert sandbox.up()["pid"] != first["pid"]


def test_a_bound_sandbox_ends_with_its_starter(tmp_path: Path) -> None:
    script = (
        "import os, sys; from piksel_sandbox.client import Sandbox\n"
        "Sandbox(sys.argv[1], kubernetes=False, bound=True).up(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    state = State(tmp_path)
    limit = time.monotonic() + 5
    while state.is_locked() and time.monotonic() < limit:
        time.sleep(0.02)
    assert not state.is_locked()


def test_a_start_that_fails_shows_why(make: Callable[..., Sandbox], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_ENABLE_ISO_REGIONS", "true")
    monkeypatch.setenv("PYTHONPATH", "/nonexistent")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SandboxError, match="ended while it started"):
        make().up()


def run(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs the console script for a state folder."""
    return subprocess.run(
        [COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "PIKSEL_SANDBOX_STATE": str(folder), **env},
    )  # fmt: skip


@pytest.mark.parametrize("command", ["status", "env", "reset", "fault list"])
def test_commands_say_that_the_sandbox_is_not_up(tmp_path: Path, command: str) -> None:
    answer = run(tmp_path, *command.split())
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert "is not up: start it with `piksel-sandbox up`" in answer.stderr


# An operator's shell on the way to the real AWS, by a proxy that does not answer.
ASTRAY = {
    "AWS_ACCESS_KEY_ID": "AKIAREALONEREALONE12",
    "AWS_SECRET_ACCESS_KEY": "a-secret-key-of-the-real-account",
    "AWS_PROFILE": "real",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ENDPOINT_URL_STS": "https://sts.example.org",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "K8S_AUTH_HOST": "https://kubernetes.example.org",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "all_proxy": "http://127.0.0.1:9",
    "no_proxy": "example.org",
}


def evaluated(shell: str, folder: Path, then: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs a shell that evaluates `piksel-sandbox env` as the manual says, and `then` something more."""
    script = f'eval "$({shlex.quote(COMMAND)} --state {shlex.quote(str(folder))} env)"; {then}'
    path = f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [shell, "-c", script], capture_output=True, text=True, check=False, env={**os.environ, "PATH": path, **env}
    )


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_env_points_a_shell_to_the_sandbox(make: Callable[..., Sandbox], shell: str) -> None:
    sandbox = make("a folder's name")
    sandbox.up()
    shown = evaluated(shell, sandbox.state.folder, "env -0", **ASTRAY).stdout
    variables = dict(entry.split("=", 1) for entry in shown.split("\0") if entry)
    assert variables["AWS_ENDPOINT_URL"] == sandbox.url
    assert Path(variables["AWS_CONFIG_FILE"]).is_file()
    assert Path(variables["KUBECONFIG"]).parent == sandbox.state.folder
    assert Path(variables["AWS_SHARED_CREDENTIALS_FILE"]).stat().st_mode & 0o077 == 0
    assert [name for name in ASTRAY if name in variables and not name.lower().endswith("_proxy")] == []
    assert variables["HTTPS_PROXY"] == ASTRAY["HTTPS_PROXY"]
    assert variables["NO_PROXY"] == variables["no_proxy"] == "example.org,127.0.0.1,localhost"


def test_a_shell_that_led_elsewhere_reaches_the_sandbox(make: Callable[..., Sandbox]) -> None:
    sandbox = make()
    sandbox.up()
    whoami = "aws sts get-caller-identity --query Account --output text && aws configure get region"
    answer = evaluated("sh", sandbox.state.folder, f"export AWS_PROFILE=dev-piksel; {whoami}", **ASTRAY)
    assert answer.stdout.split() == ["236122835646", "ap-southeast-3"], answer.stderr


def test_env_leaves_a_profile_of_the_sandbox(make: Callable[..., Sandbox]) -> None:
    sandbox = make()
    sandbox.up()
    answer = evaluated("sh", sandbox.state.folder, "echo $AWS_PROFILE", AWS_PROFILE="prod-piksel")
    assert answer.stdout == "prod-piksel\n"


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("up", "down", "status", "env", "reset", "logs", "calls", "fault", "build", "fault stall"):
        with pytest.raises(SystemExit) as ended:
            cli.main([*command.split(), "--help"])
        assert ended.value.code == 0
        assert len(capsys.readouterr().out) > 50


def test_logs_show_the_daemon(make: Callable[..., Sandbox]) -> None:
    sandbox = make()
    sandbox.up()
    answer = run(sandbox.state.folder, "logs", "sandbox")
    assert f"ready on {sandbox.url}" in answer.stdout
