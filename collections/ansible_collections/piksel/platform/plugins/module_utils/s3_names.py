# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What S3 wants of a bucket's name. Pure: no call."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
# "-an" ends names of an account's own regional namespace, which these buckets are not in.
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an")


def name_problem(name: str) -> str | None:
    """What S3 would refuse in the name of a general purpose bucket, None when it is fine.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    broken = (
        (not 3 <= len(name) <= 63, "it has 3 to 63 characters"),
        (not re.fullmatch(r"[a-z0-9.-]*", name), "it consists of lowercase letters, digits, dots and hyphens"),
        (not name[:1].isalnum() or not name[-1:].isalnum(), "it begins and ends with a letter or digit"),
        (".." in name, "it has no two dots side by side"),
        (_ADDRESS.fullmatch(name), "it must not look like an IP address"),
        (name.startswith(_RESERVED_PREFIXES), f"S3 reserves names that begin with {', '.join(_RESERVED_PREFIXES)}"),
        (name.endswith(_RESERVED_SUFFIXES), f"S3 reserves names that end with {', '.join(_RESERVED_SUFFIXES)}"),
    )
    rules = [rule for is_broken, rule in broken if is_broken]
    return f"{name} is no name for a bucket: {'; '.join(rules)}" if rules else None
