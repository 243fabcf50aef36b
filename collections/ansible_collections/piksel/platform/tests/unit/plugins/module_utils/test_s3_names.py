# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of buckets."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils.s3_names import name_problem


@pytest.mark.parametrize(
    "name", ["piksel-staging-argo-artifacts-dep", "a.b.c", "123", "a" * 63, "1.2.3.4.5", "xn-a", "a-an-b"]
)
def test_what_s3_takes(name):
    assert name_problem(name) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ab", "3 to 63"),
        ("a" * 64, "3 to 63"),
        ("", "3 to 63"),
        ("Piksel", "lowercase"),
        ("a_b", "lowercase"),
        ("-ab", "begins and ends"),
        ("ab.", "begins and ends"),
        ("a..b", "two dots"),
        ("192.168.5.4", "IP address"),
        ("xn--ab", "begin with xn--"),
        ("sthree-ab", "begin with"),
        ("amzn-s3-demo-a", "begin with"),
        ("ab-s3alias", "end with"),
        ("ab--x-s3", "end with"),
        ("ab-an", "end with"),
    ],
)
def test_what_s3_refuses(name, words):
    assert words in name_problem(name)
