"""The command line of `piksel-sandbox fault`."""

from __future__ import annotations

import argparse
import json

from piksel_sandbox.client import Sandbox

# What faults.ACTIONS explains; repeated here since the daemon's modules are slow to import.
HELP = {
    "latency": "wait before a call is served",
    "throttle": "refuse calls with the service's throttling error",
    "error": "answer 5xx without serving the call",
    "reset-before": "drop the connection before the call is served",
    "reset-after": "serve the call, then drop the connection: the answer is lost",
    "fail": "let what an operation makes end in FAILED",
    "stall": "serve the run's first writes, then hold every further one until `fault clear`",
}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command `fault` with a subcommand per action, `list` and `clear`."""
    fault = commands.add_parser("fault", help="let calls fail, while the sandbox runs")
    actions = fault.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, text in HELP.items():
        one = actions.add_parser(action, help=text, description=text)
        one.set_defaults(run=command_add)
        _add_selection(one, needs_operation=action == "fail")
        _add_own(one, action)
    actions.add_parser("list", help="show the faults that are set, as JSON lines").set_defaults(run=command_list)
    clear = actions.add_parser("clear", help="take away one fault or all")
    clear.add_argument("id", nargs="?", type=int, help="its id (default: all)")
    clear.set_defaults(run=command_clear)


def _add_selection(one: argparse.ArgumentParser, *, needs_operation: bool) -> None:
    one.add_argument(
        "--operation", metavar="SERVICE:OPERATION", required=needs_operation, default="*:*",
        help="which calls, with wildcards: eks:CreateCluster, 'iam:*', '*:Create*', core/v1:list:pods (default: all)",
    )  # fmt: skip
    one.add_argument(
        "--object", metavar="NAME", default="*", help="only calls about this object, with wildcards; !NAME: all others"
    )
    one.add_argument("--account", metavar="ID", default="*", help="only calls in this account")
    one.add_argument("--caller", choices=("any", "run"), default="any", help="only calls of the run's principals")
    one.add_argument("--writes", action="store_true", help="only writes")
    often = one.add_mutually_exclusive_group()
    often.add_argument("--every", type=int, default=1, metavar="N", help="act on every n-th such call (default: each)")
    often.add_argument("--rate", type=float, metavar="SHARE", help="act on this share of such calls, evenly spread")
    one.add_argument("--times", type=int, metavar="N", help="act so often, then no more")
    one.add_argument("--once", dest="times", action="store_const", const=1, help="the same as --times 1")
    one.add_argument("--times-per-operation", type=int, metavar="N", help="act so often on each operation")


def _add_own(one: argparse.ArgumentParser, action: str) -> None:
    if action == "latency":
        one.add_argument("seconds", type=float, help="how long")
    elif action == "error":
        one.add_argument("--status", type=int, default=503, choices=(500, 502, 503, 504), help="default 503")
    elif action == "fail":
        one.add_argument(
            "--reason", default="failed by a fault of the sandbox", help="what the service gives as reason"
        )
    elif action == "stall":
        one.add_argument("--after-writes", type=int, default=0, metavar="K", help="writes that pass first (default 0)")


def command_add(sandbox: Sandbox, options: argparse.Namespace) -> None:
    """Sets a fault and prints its id."""
    names = (
        "operation", "object", "account", "caller", "writes", "every", "rate", "times", "times_per_operation",
        "seconds", "status", "reason", "after_writes",
    )  # fmt: skip
    fields = {name: getattr(options, name) for name in names if hasattr(options, name)}
    print(sandbox.add_fault(options.action, **fields))


def command_list(sandbox: Sandbox, _options: argparse.Namespace) -> None:
    """Shows the faults."""
    for fault in sandbox.faults():
        print(json.dumps(fault))


def command_clear(sandbox: Sandbox, options: argparse.Namespace) -> None:
    """Takes faults away."""
    sandbox.clear_faults(options.id)
