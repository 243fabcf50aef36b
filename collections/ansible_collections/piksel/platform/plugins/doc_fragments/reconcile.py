# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  consent:
    description:
      - The words that allow deletes and replacements, as the RV(held) entries of an earlier run name them.
    type: list
    elements: str
    default: []
"""
