# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether Flux will be able to follow its repository: it is there, and has the branch and the folder."""

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.module_utils import git_repository
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.preflight_report import Report


def repository(clients, wanted: dict | None) -> Report:
    """Read the branch (``wanted`` by git_repository.REPOSITORY_OPTIONS) with the deploy key, if there is one yet.

    A repository that cannot be read is a finding only where nothing of the run will open it: a key that GitHub gets
    from the run itself, or that is yet to be made, says nothing yet.
    """
    report = Report(clients)
    if not wanted or not wanted.get("url"):
        return report
    try:
        key = git_repository.stored_key(clients, wanted.get("deploy_key_secret"))
        registers = git_repository.registers_keys(wanted["url"])
        if registers:
            git_repository.listed_keys(wanted["url"])
        with git_repository.opened(wanted, key):
            return report
    except git_repository.UnreachableError as error:
        if key and not registers:
            report.findings.append(error)
        elif not registers:
            report.warn(error.subject, f"{error.message}; Flux gets a deploy key of its own")
    except PlatformError as error:
        report.findings.append(error)
    return report
