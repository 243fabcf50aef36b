# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which actions IAM knows, from a file that `make iam-actions` writes."""

from __future__ import annotations

import difflib
import json
import pathlib
import re
from functools import cache

DATA = pathlib.Path(__file__).with_name("iam_actions.json")


@cache
def _known() -> dict[str, list[str]]:
    """Service prefix to names of actions; read on first use, 2 ms."""
    return json.loads(DATA.read_text(encoding="utf-8"))["actions"]


def unknown(action: str) -> tuple[str, str | None] | None:
    """What is wrong with an action or pattern of a policy, and what may have been meant; None when all is well.

    IAM looks neither at the case of service nor at that of name.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
    """
    if action == "*":
        return None
    service, colon, name = action.partition(":")
    if not colon or not name:
        return f"{action} is not of the form service:Action", None
    names = _known().get(service.lower())
    if names is None:
        return f"IAM knows no service {service}", _nearest(service.lower(), _known())
    pattern = re.compile(re.escape(name).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE)
    if any(pattern.fullmatch(one) for one in names):
        return None
    what = "no action like" if "*" in name or "?" in name else "no action"
    return f"IAM knows {what} {action}", _nearest(name.strip("*?"), names, f"{service}:")


def _nearest(name, known, prefix=""):
    near = difflib.get_close_matches(name, known, 1)
    return f"Did you mean {prefix}{near[0]}?" if near else None
