"""`piksel-sandbox`: AWS and Kubernetes on loopback."""

from __future__ import annotations

import argparse
import json
import sys
import time

from piksel_sandbox import environment
from piksel_sandbox.client import Sandbox, SandboxError

DESCRIPTION = """\
AWS and Kubernetes on loopback: the target that the piksel.platform collection is tried on.

  piksel-sandbox up
  eval "$(piksel-sandbox env)"
  ansible-playbook site.yml -i inventories/dev
"""


def say(message: str) -> None:
    """A line of progress; on stderr, so that stdout holds only results."""
    print(f"piksel-sandbox: {message}", file=sys.stderr, flush=True)


def command_up(sandbox: Sandbox, options: argparse.Namespace) -> None:
    """Starts the sandbox."""
    started = time.monotonic()
    was_up = sandbox.state.daemon() is not None
    status = sandbox.up()
    if was_up:
        say(f"already up: AWS on {status['url']}")
    else:
        say(f"up after {time.monotonic() - started:.1f} s: AWS on {status['url']}")
    say('point this shell to it: eval "$(piksel-sandbox env)"')


def command_down(sandbox: Sandbox, options: argparse.Namespace) -> None:
    """Stops the sandbox."""
    say("down" if sandbox.down() else "was not up")


def command_status(sandbox: Sandbox, options: argparse.Namespace) -> None:
    """Shows what runs."""
    print(json.dumps(sandbox.status(), indent=2))


def command_env(sandbox: Sandbox, options: argparse.Namespace) -> None:
    """Prints the variables."""
    sys.stdout.write(environment.exports(sandbox.env()))


def command_reset(sandbox: Sandbox, options: argparse.Namespace) -> None:
    """Empties the accounts."""
    say(f"accounts emptied and fixture built in {sandbox.reset():.1f} s")


def command_build(sandbox: Sandbox, options: argparse.Namespace) -> None:
    """Builds the Kubernetes binaries."""
    sandbox.build()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="piksel-sandbox", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--state", metavar="FOLDER", help="state folder (default: $PIKSEL_SANDBOX_STATE, else <checkout>/.sandbox)")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start the sandbox, building what is missing; does nothing when it is up")
    up.add_argument("--no-kubernetes", action="store_true", help="AWS only: clusters become ACTIVE without a server behind")
    up.set_defaults(run=command_up)
    for name, run, text in (
        ("down", command_down, "stop it; leaves no process, port or file in use"),
        ("status", command_status, "show what runs, as JSON; exit code 1 when it is not up"),
        ("env", command_env, 'print `export NAME=value` lines for eval "$(piksel-sandbox env)"'),
        ("reset", command_reset, "empty all accounts, stop all clusters, build the fixture again"),
        ("build", command_build, "build the Kubernetes binaries that are missing"),
    ):
        commands.add_parser(name, help=text, description=text).set_defaults(run=run)
    return top


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    options = parser().parse_args(argv)
    sandbox = Sandbox(options.state, kubernetes=not getattr(options, "no_kubernetes", False), say=say)
    try:
        options.run(sandbox, options)
    except SandboxError as error:
        say(str(error))
        return 1
    except BrokenPipeError:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
