# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Flux cannot follow: an address that is none, a host without known keys, a path that leaves the repository,
values that no substitution finds."""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from ansible_collections.piksel.platform.plugins.plugin_utils.problem import Problem

Values = dict[str, t.Any]
# https://fluxcd.io/flux/components/source/gitrepositories/#url
SCHEMES = ("ssh", "https", "http")
# https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution
VARIABLE = re.compile(r"[_A-Za-z][_A-Za-z0-9]*")
# https://git-scm.com/docs/git-check-ref-format
NOT_IN_BRANCH = re.compile(r"[\s~^:?*\[\\\x00-\x1f\x7f]|\.\.|@\{|//|^[-/]|[/.]$|\.lock$")


def repository(url: str | None, values: Values) -> t.Iterator[Problem]:
    """Everything that is wrong with the address, and known keys that its host has none of."""
    parts = urllib.parse.urlsplit(str(url))
    if parts.scheme not in SCHEMES or not parts.hostname or not parts.path.strip("/"):
        yield Problem(
            [], f"{url} is no address of a repository", "Write ssh://git@HOST/OWNER/NAME or https://HOST/OWNER/NAME."
        )
    elif parts.scheme == "ssh":
        known = values.get("flux_bootstrap_known_hosts")
        if known is not None and parts.hostname not in _hosts(known):
            yield Problem([], f"no key of {parts.hostname} is known", "Add its lines to flux_bootstrap_known_hosts.")


def branch(name: str | None, _values: Values) -> t.Iterator[Problem]:
    """A name that Git takes for no branch."""
    if not name or NOT_IN_BRANCH.search(name):
        yield Problem([], f"{name!r} is no name of a branch")


def path(folder: str | None, _values: Values) -> t.Iterator[Problem]:
    """A path that is absolute, empty, or leads out of the repository."""
    parts = str(folder or "").split("/")
    if str(folder).startswith("/") or ".." in parts or not any(part not in ("", ".") for part in parts):
        yield Problem([], f"{folder!r} is no folder of the repository", "Write it from the top, as in clusters/dev.")


def config_maps(catalogue: Values, _values: Values) -> t.Iterator[Problem]:
    """Values that are no text, and in the map of values names that no substitution finds."""
    for key, entry in catalogue.items():
        data = entry.get("data") if isinstance(entry, dict) else None
        for name, value in data.items() if isinstance(data, dict) else ():
            if value is not None and not isinstance(value, str):
                yield Problem([key, "data", name], f"is {value!r} and must be a text", "Put it in quotes.")
            if key == "values" and not VARIABLE.fullmatch(str(name)):
                yield Problem([key, "data", name], "is no name of a variable", "Letters, digits and _ make one.")


def _hosts(known):
    """The hosts of the lines of a file known_hosts."""
    lines = (line.split()[0] for line in known.splitlines() if line.strip() and not line.startswith("#"))
    return {host for line in lines for host in line.split(",")}


RULES = {
    "flux_bootstrap_repository": repository,
    "flux_bootstrap_branch": branch,
    "flux_bootstrap_path": path,
    "flux_bootstrap_config_maps": config_maps,
}
