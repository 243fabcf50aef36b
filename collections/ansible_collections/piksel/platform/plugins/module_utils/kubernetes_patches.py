# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a JSON merge patch changes in a live object."""

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.module_utils.compare import Change

# These fields say which object is meant; a patch does not change them.
_IDENTITY = ("apiVersion", "kind", "metadata.name", "metadata.namespace")


def differences(patch: dict, live: dict, path: str = ""):
    """Yield a Change for each field that a merge patch changes in a live object.

    https://datatracker.ietf.org/doc/html/rfc7386
    """
    for name, wanted in patch.items():
        here = f"{path}.{name}" if path else str(name)
        found = live.get(name)
        if here in _IDENTITY or wanted == found:
            continue
        if isinstance(wanted, dict) and isinstance(found, dict):
            yield from differences(wanted, found, here)
        elif isinstance(wanted, dict):
            # Merged into nothing, only what is no null is left.
            kept = {key: value for key, value in wanted.items() if value is not None}
            yield from differences(kept, {}, here)
        else:
            yield Change(here, found, wanted)
