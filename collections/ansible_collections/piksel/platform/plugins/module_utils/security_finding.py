# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a security report is made of."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass

from ansible_collections.piksel.platform.plugins.module_utils import errors
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

# From what needs a person today to what is only good to know.
SEVERITIES = ("high", "medium", "low", "info")


@dataclass(frozen=True)
class Finding:
    """One line of the report: ``check`` is the name of what looked, ``severity`` one of SEVERITIES."""

    check: str
    severity: str
    subject: str
    message: str
    advice: str = ""

    def __str__(self):
        text = f"{self.severity}: {self.subject}: {self.message}."
        return f"{text} {self.advice}" if self.advice else text

    def as_dict(self) -> dict:
        """The finding as plain data."""
        return asdict(self)

    def order(self) -> tuple:
        """Sorts the gravest first, then by check and object."""
        return SEVERITIES.index(self.severity), self.check, self.subject, self.message


def of_each(items, look, subject, clients):
    """All that ``look(item)`` yields, item by item; one that cannot be read yields a PlatformError about its subject.

    ``subject(item)`` names it. What is wrong with the others must not be lost with it.
    """
    for item in items:
        try:
            with errors.told(subject(item), clients):
                yield from look(item)
        except PlatformError as error:
            yield error


def age_in_days(moment: datetime.datetime) -> int:
    """Whole days from a moment with a time zone, as AWS gives it, to now."""
    return (datetime.datetime.now(datetime.UTC) - moment).days
