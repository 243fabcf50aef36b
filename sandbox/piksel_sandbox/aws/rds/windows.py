"""Windows for backups and for maintenance: one may begin when the other ends, which moto takes for an overlap.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupWindow.html
"""

from __future__ import annotations

from datetime import datetime, timedelta

from moto.rds.utils import valid_preferred_maintenance_window

_FORM = "%H:%M"


def problem(maintenance_window: str, backup_window: str | None) -> str | None:
    """What is wrong with the windows ("ddd:hh:mm-ddd:hh:mm", "hh:mm-hh:mm"), None if nothing is."""
    return valid_preferred_maintenance_window(maintenance_window, backup_window and _inside(backup_window))


def _inside(window: str) -> str:
    """The window without its first and its last minute."""
    start, _, end = window.partition("-")
    try:
        first = datetime.strptime(start, _FORM) + timedelta(minutes=1)
        last = datetime.strptime(end, _FORM) - timedelta(minutes=1)
    except ValueError:
        return window
    return f"{first:{_FORM}}-{last:{_FORM}}"
