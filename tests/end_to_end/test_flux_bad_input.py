"""What Flux cannot follow: told before any write of the run where it can be known, else in clear words."""

from __future__ import annotations

import json
import re

import pytest

from end_to_end.harness import Play
from end_to_end.test_bad_input import refused
from end_to_end.test_flux import STAGE, deploy_keys

# Variables, words that the message must hold. No call is made.
CATALOGUES = {
    "no address": ({"piksel_flux_repository": "git@github.com:o/n"}, ("git@github.com:o/n is no address",)),
    "unknown host": ({"piksel_flux_repository": "ssh://git@example.org/o/n"}, ("no key of example.org is known",)),
    "path outside": ({"piksel_flux_path": "../elsewhere"}, ("'../elsewhere' is no folder of the repository",)),
    "no branch": ({"piksel_flux_branch": "a b"}, ("'a b' is no name of a branch",)),
    "name of a value": ({"piksel_handoff": {"gpu-limit": "30"}}, ("gpu-limit", "is no name of a variable")),
    "number as a value": ({"piksel_handoff": {"limit": 30}}, ("limit", "is 30 and must be a text")),
}
# Variables, words that the message must hold: the repository is asked before anything is made.
LOOKED_UP = {
    "no repository": (
        {"piksel_flux_repository": "ssh://git@github.com/piksel-ina/nothing"},
        ("repository ssh://git@github.com/piksel-ina/nothing", "GitHub does not tell its deploy keys", "404"),
    ),
    "no branch": ({"piksel_flux_branch": "nothing"}, ("it has no branch nothing",)),
    "no folder": ({"piksel_flux_path": "clusters/nothing"}, ("branch main has no folder clusters/nothing",)),
}


@pytest.fixture
def tokenless(play: Play) -> Play:
    """Runs without a token for the API of the Git host."""
    return Play({name: value for name, value in play.env.items() if name != "PIKSEL_GITHUB_TOKEN"})


@pytest.mark.requirement("GEN-11")
@pytest.mark.parametrize("case", CATALOGUES)
def test_what_the_inventory_gets_wrong(case: str, empty, play: Play) -> None:
    """Refused before the first AWS call."""
    variables, words = CATALOGUES[case]
    refused(play("site.yml", ["dev"], "-e", json.dumps(variables)), empty, *words)
    assert empty.calls() == []


@pytest.mark.requirement("GEN-11", "FLUX-03")
@pytest.mark.parametrize("case", LOOKED_UP)
def test_what_the_repository_lacks(case: str, empty, play: Play) -> None:
    """Refused before any write."""
    variables, words = LOOKED_UP[case]
    refused(play("site.yml", ["dev"], "-e", json.dumps(variables)), empty, *words)


@pytest.mark.requirement("FLUX-05")
def test_without_a_token_the_key_is_printed_with_its_page(converged, tokenless: Play, play: Play, env) -> None:
    """A key that nobody registered: Flux's words end the run; the repository opens when a person adds the key."""
    for row in deploy_keys(env):
        deploy_keys(env, "DELETE", f"/{row['id']}")
    anew = ("-e", "piksel_flux_deploy_key_made_after=2999-01-31")
    word = ("-e", json.dumps({"piksel_consent": ["rotate:secret/flux_bootstrap.deploy_key"]}))
    run = tokenless(STAGE, ["dev"], *anew, *word, "-e", "flux_bootstrap_errors_for=5")
    said = re.sub(r"\s+", " ", run.output)
    assert run.rc != 0
    assert "https://github.com/piksel-ina/piksel-gitops/settings/keys/new" in said
    assert re.search(r"ssh-ed25519 AAAA\S+", said)
    assert "GitRepository flux-system/flux-system: GitOperationFailed" in said
    assert "unable to authenticate" in said
    assert play(STAGE).ok().rc == 0
    assert len(deploy_keys(env)) == 1
