# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Flux cannot follow is refused before the first call."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.plugin_utils import catalogue_flux as flux

KNOWN = {"flux_bootstrap_known_hosts": "github.com ssh-ed25519 AAAA\n"}


@pytest.mark.parametrize(
    "url", ["ssh://git@github.com/o/n", "ssh://git@github.com:22/o/n.git", "https://example.org/n"]
)
def test_an_address_is_fine(url):
    assert list(flux.repository(url, KNOWN)) == []


@pytest.mark.requirement("GEN-11")
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("git@github.com:o/n", "is no address"),
        ("ssh://git@github.com", "is no address"),
        (None, "is no address"),
        ("ssh://git@example.org/o/n", "no key of example.org is known"),
    ],
)
def test_an_address_that_is_none_is_refused(url, words):
    (problem,) = flux.repository(url, KNOWN)
    assert words in problem.message


@pytest.mark.requirement("GEN-11")
@pytest.mark.parametrize("folder", ["/clusters/dev", "../dev", "clusters/../../dev", "", ".", None])
def test_a_path_stays_in_the_repository(folder):
    assert len(list(flux.path(folder, {}))) == 1
    assert list(flux.path("./clusters/dev", {})) == []


@pytest.mark.parametrize("name", ["", None, "a b", "-a", "a..b", "a.lock", "a/", "a~1"])
def test_a_branch_has_a_name_that_git_takes(name):
    assert len(list(flux.branch(name, {}))) == 1
    assert list(flux.branch("release/v1", {})) == []


@pytest.mark.requirement("FLUX-23", "GEN-11")
def test_values_are_texts_that_a_substitution_finds():
    wrong = {"values": {"data": {"gpu-limit": "30", "limit": 30, "zone": None}}, "other": {"data": {"a-b.pem": "x"}}}
    found = [(problem.path, problem.message) for problem in flux.config_maps(wrong, {})]
    assert found == [
        (["values", "data", "gpu-limit"], "is no name of a variable"),
        (["values", "data", "limit"], "is 30 and must be a text"),
    ]
