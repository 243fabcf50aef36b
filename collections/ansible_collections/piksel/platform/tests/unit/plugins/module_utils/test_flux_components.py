# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flux's manifest before any call."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import flux_components as flux
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "a", "labels": {"app.kubernetes.io/version": "v2.6.0"}},
    "spec": {"template": {"spec": {"nodeSelector": {"kubernetes.io/os": "linux"}}}},
}
TOLERATION = {"key": "CriticalAddonsOnly", "operator": "Exists"}
NODES = {"node_selector": {"karpenter.sh/controller": "true"}, "tolerations": [TOLERATION]}
STREAM = """
---
kind: Namespace
---
kind: Service
status: {}
---
"""


def test_namespaces_and_what_the_server_fills_in_are_left_out():
    assert flux.components(STREAM) == [{"kind": "Service"}]


@pytest.mark.parametrize(
    ("text", "words"), [("kind: [", "no YAML"), ("", "no objects"), ("kind: Namespace", "no objects")]
)
def test_what_is_no_manifest_is_refused(text, words):
    with pytest.raises(PlatformError, match=words):
        flux.components(text)


@pytest.mark.requirement("FLUX-07", "CONF-02")
def test_the_pods_get_the_place_besides_their_own():
    (placed, other) = flux.placed([DEPLOYMENT, {"kind": "Service"}], NODES)
    pod = placed["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"kubernetes.io/os": "linux", "karpenter.sh/controller": "true"}
    assert pod["tolerations"] == [TOLERATION]
    assert flux.placed([placed], NODES) == [placed]
    assert other == {"kind": "Service"}


@pytest.mark.requirement("FLUX-07", "CONF-02")
def test_on_fargate_the_pods_stay_as_they_are():
    assert flux.placed([DEPLOYMENT], {"node_selector": {}, "tolerations": []}) == [DEPLOYMENT]


def test_the_version_is_that_of_the_labels():
    assert flux.version_of([{"metadata": {}}, DEPLOYMENT]) == "v2.6.0"
    assert flux.version_of([]) is None


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(PlatformError, match=r"manifest of Flux .*nothing.yaml.*cannot be read"):
        flux._downloaded(str(tmp_path / "nothing.yaml"))
