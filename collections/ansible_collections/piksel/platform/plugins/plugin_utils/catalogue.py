# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of the catalogues that no argument spec can express: what entries say about each other, and what AWS would
refuse. Pure: no call. The inventory's check asks them before the first call of a run."""

from __future__ import annotations

import typing as t

from ansible_collections.piksel.platform.plugins.plugin_utils import (
    catalogue_buckets,
    catalogue_compute,
    catalogue_database,
    catalogue_flux,
    catalogue_identities,
    catalogue_karpenter,
    catalogue_policies,
    catalogue_secrets,
)
from ansible_collections.piksel.platform.plugins.plugin_utils.problem import Problem

# A rule gets the evaluated input and every evaluated variable of the host by name.
Rule = t.Callable[[t.Any, dict[str, t.Any]], t.Iterable[Problem]]

# Name of a role's input to its rule; each area of the platform keeps its rules in a file of its own.
RULES: dict[str, Rule] = {
    **catalogue_buckets.RULES,
    **catalogue_compute.RULES,
    **catalogue_database.RULES,
    **catalogue_flux.RULES,
    **catalogue_identities.RULES,
    **catalogue_karpenter.RULES,
    **catalogue_policies.RULES,
    **catalogue_secrets.RULES,
}
