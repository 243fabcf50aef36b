# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

from ansible_collections.piksel.platform.plugins.module_utils import ownership
from hypothesis import given
from hypothesis import strategies as st

WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,40}", fullmatch=True)


def test_a_mark_reads_kind_scope_and_key():
    assert ownership.mark("iam_role", "eks_cluster", "cluster") == "iam_role/eks_cluster.cluster"


@given(WORDS, WORDS, WORDS)
def test_a_mark_gives_its_key_back(kind, scope, key):
    mark = ownership.mark(kind, scope, key)
    assert ownership.marked_key(mark, kind, scope) == key
    assert ownership.marked_key(mark, kind, scope + "x") is None
    assert ownership.marked_key(mark, kind + "x", scope) is None


def test_no_mark_gives_no_key():
    assert ownership.marked_key(None, "a", "b") is None
    assert ownership.marked_key("somebody", "a", "b") is None


@given(WORDS, WORDS, WORDS)
def test_a_label_is_one_that_kubernetes_takes(kind, scope, key):
    label = ownership.label(kind, scope, key)
    assert len(label) <= 63
    assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", label)


def test_long_labels_stay_apart():
    first, second = (ownership.label("k" * 30, "s" * 30, key) for key in ("a" * 30 + "1", "a" * 30 + "2"))
    assert first != second
