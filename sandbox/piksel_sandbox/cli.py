"""`piksel-sandbox`: AWS and Kubernetes on loopback."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

from piksel_sandbox import cli_faults, environment, log_reader, manual_secrets
from piksel_sandbox.client import Sandbox, SandboxError
from piksel_sandbox.kubernetes import build

DESCRIPTION = """\
AWS and Kubernetes on loopback: the target that the piksel.platform collection is tried on.

  piksel-sandbox up
  eval "$(piksel-sandbox env)"
  ansible-playbook site.yml -i inventories/dev
  piksel-sandbox calls --writes
"""
UP = """\
Starts the sandbox: builds the Kubernetes binaries that are missing, starts one process on a free port of 127.0.0.1,
and fills the accounts with roles and networks. Does nothing when it is up.
"""
CALLS = """\
Prints the recorded calls as JSON lines, in order of time: AWS calls, and Kubernetes calls from the API servers' audit
logs. Only those of the run's principals (administrator and automation sessions) unless --all.
"""


def say(message: str) -> None:
    """A line of progress; on stderr, so that stdout holds only results."""
    print(f"piksel-sandbox: {message}", file=sys.stderr, flush=True)


def command_up(sandbox: Sandbox, _options: argparse.Namespace) -> None:
    """Starts the sandbox."""
    started = time.monotonic()
    was_up = sandbox.state.daemon() is not None
    status = sandbox.up()
    if was_up:
        say(f"already up: AWS on {status['url']}")
    else:
        say(f"up after {time.monotonic() - started:.1f} s: AWS on {status['url']}")
    say('point this shell to it: eval "$(piksel-sandbox env)"')


def command_down(sandbox: Sandbox, _options: argparse.Namespace) -> None:
    """Stops the sandbox."""
    say("down" if sandbox.down() else "was not up")


def command_status(sandbox: Sandbox, _options: argparse.Namespace) -> None:
    """Shows what runs."""
    print(json.dumps(sandbox.status(), indent=2))


def command_env(sandbox: Sandbox, _options: argparse.Namespace) -> None:
    """Prints the variables; secrets that the operator gives stay."""
    given = {name for name in manual_secrets.remembered(sandbox.state) if name in os.environ}
    values = {name: value for name, value in sandbox.env().items() if name not in given}
    sys.stdout.write(environment.shell_lines(values, sandbox.stray()))


def command_reset(sandbox: Sandbox, _options: argparse.Namespace) -> None:
    """Empties the accounts."""
    say(f"accounts emptied and fixture built in {sandbox.reset()['seconds']:.1f} s")


def command_build(sandbox: Sandbox, _options: argparse.Namespace) -> None:
    """Builds the Kubernetes binaries."""
    sandbox.build()


def command_interrupt(sandbox: Sandbox, options: argparse.Namespace) -> None:
    """Warns of an interruption."""
    say(f"EventBridge of {sandbox.interrupt(options.instance)['account']} got the warning")


def command_logs(sandbox: Sandbox, options: argparse.Namespace) -> None:
    """Shows logs."""
    log_reader.show(sandbox.state, options.component, follow=options.follow, lines=options.lines)


def command_calls(sandbox: Sandbox, options: argparse.Namespace) -> None:
    """Prints the recorded calls."""
    if options.clear:
        sandbox.clear_calls()
        return
    for row in sandbox.calls(writes=options.writes, everybody=options.all):
        print(json.dumps(row))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    raw = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser(prog="piksel-sandbox", description=DESCRIPTION, formatter_class=raw)
    top.add_argument(
        "--state", metavar="FOLDER", help="state folder; default $PIKSEL_SANDBOX_STATE or <checkout>/.sandbox"
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start it, building what is missing", description=UP, formatter_class=raw)
    up.add_argument("--no-kubernetes", action="store_true", help="AWS only: clusters have no server behind them")
    up.add_argument("--repository", metavar="FOLDER", help="what Flux follows, in place of the example")
    up.add_argument("--karpenter", action="store_true", help="run Karpenter itself where it is installed")
    up.set_defaults(run=command_up)
    for name, run, text in (
        ("down", command_down, "stop it; leaves no process, port or file in use"),
        ("status", command_status, "show what runs, as JSON; exit code 1 when it is not up"),
        ("env", command_env, 'print `export` and `unset` lines for eval "$(piksel-sandbox env)"'),
        ("reset", command_reset, "empty all accounts, stop all clusters, build the fixture again"),
        ("build", command_build, "build the Kubernetes binaries that are missing"),
    ):
        commands.add_parser(name, help=text, description=text).set_defaults(run=run)
    interrupt = commands.add_parser("interrupt", help="warn of a spot instance's end, as EC2 does")
    interrupt.add_argument("instance", help="its id")
    interrupt.set_defaults(run=command_interrupt)
    logs = commands.add_parser("logs", help="show the logs of the sandbox and of its Kubernetes processes")
    logs.add_argument("component", nargs="?", help="only logs whose name contains this, for example apiserver")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as they grow")
    logs.add_argument("-n", "--lines", type=int, default=50, help="last lines of each (default 50)")
    logs.set_defaults(run=command_logs)
    calls = commands.add_parser("calls", help="print the recorded calls", description=CALLS, formatter_class=raw)
    calls.add_argument("--writes", action="store_true", help="only writes")
    calls.add_argument("--all", action="store_true", help="also controllers, network owner and the sandbox's own")
    calls.add_argument("--clear", action="store_true", help="forget what was recorded until now")
    calls.set_defaults(run=command_calls)
    cli_faults.add_to(commands)
    return top


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    options = parser().parse_args(argv)
    kubernetes = not getattr(options, "no_kubernetes", False)
    repository, karpenter = getattr(options, "repository", None), getattr(options, "karpenter", False)
    progress = build.terminal_progress
    given = {"kubernetes": kubernetes, "repository": repository, "karpenter": karpenter}
    sandbox = Sandbox(options.state, **given, say=say, progress=progress)
    try:
        options.run(sandbox, options)
        sys.stdout.flush()
    except SandboxError as error:
        say(str(error))
        return 1
    except BrokenPipeError:
        # The reader (head) went away; nobody is left to hear of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
