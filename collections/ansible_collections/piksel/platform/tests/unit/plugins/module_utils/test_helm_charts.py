# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Charts out of folders, archives, and what `helm pull` brings or refuses."""

from __future__ import annotations

import json
import tarfile

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import helm_charts
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.helm_charts import Chart, Source

EXAMPLE = Chart("example", "1.2.3", {"replicas": 2}, {"type": "object"}, ("db", "redis"))


@pytest.fixture
def folder(tmp_path):
    """A chart on disk."""
    path = tmp_path / "example"
    path.mkdir()
    dependencies = "dependencies:\n- name: redis\n- {name: postgresql, alias: db}\n"
    (path / "Chart.yaml").write_text(f"name: example\nversion: 1.2.3\n{dependencies}")
    (path / "values.yaml").write_text("replicas: 2\n")
    (path / "values.schema.json").write_text(json.dumps({"type": "object"}))
    return path


@pytest.fixture
def archive(folder):
    """The same as an archive."""
    path = folder.with_suffix(".tgz")
    with tarfile.open(path, "w:gz") as file:
        file.add(folder, "example")
    return path


def binary(tmp_path, script):
    """A program in helm's place."""
    path = tmp_path / "helm"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_a_folder_and_an_archive_say_the_same(folder, archive):
    for path in (folder, archive):
        chart = helm_charts.load(Source(str(path), "1.2.3"))
        assert (chart.name, chart.version, chart.values, chart.schema) == (
            EXAMPLE.name,
            EXAMPLE.version,
            EXAMPLE.values,
            EXAMPLE.schema,
        )
        assert sorted(chart.subcharts) == ["db", "redis"]


def test_a_local_chart_of_another_version_is_refused(folder):
    with pytest.raises(PlatformError, match=r"the chart found there is of version 1\.2\.3"):
        helm_charts.load(Source(str(folder), "1.2.4"))


def test_a_path_without_a_chart_is_told(tmp_path):
    with pytest.raises(PlatformError, match=r"cannot be fetched: .*nowhere is no chart"):
        helm_charts.load(Source(str(tmp_path / "nowhere"), "1.0.0"))


def test_a_registry_is_asked_by_helm(archive, tmp_path):
    script = f'echo "$@" > {tmp_path}/called; cp {archive} "$4"'
    chart = helm_charts.load(Source("oci://registry.example/example", "1.2.3"), binary(tmp_path, script))
    assert chart.name == "example"
    called = (tmp_path / "called").read_text()
    assert called.startswith("pull oci://registry.example/example --destination ")
    assert called.endswith(" --version 1.2.3\n")


def test_a_repository_is_named_beside_the_chart(archive, tmp_path):
    script = f'echo "$@" > {tmp_path}/called; cp {archive} "$4"'
    helm_charts.load(Source("example", "1.2.3", "https://charts.example"), binary(tmp_path, script))
    assert (tmp_path / "called").read_text().endswith(" --repo https://charts.example\n")


def test_what_helm_says_is_told(tmp_path):
    program = binary(tmp_path, "echo 'no such host' >&2; exit 1")
    with pytest.raises(PlatformError, match=r"chart oci://x\.example/a 1\.0\.0: .* no such host"):
        helm_charts.load(Source("oci://x.example/a", "1.0.0"), program)


def test_helm_is_missing(tmp_path):
    with pytest.raises(PlatformError, match="there is no program"):
        helm_charts.load(Source("oci://x.example/a", "1.0.0"), str(tmp_path / "helm"))
