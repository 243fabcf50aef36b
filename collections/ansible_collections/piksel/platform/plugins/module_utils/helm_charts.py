# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helm charts: read from a folder or an archive, and fetched by `helm pull` from a registry or a repository."""

from __future__ import annotations

import json
import pathlib
import shutil
import tarfile
import tempfile
from dataclasses import dataclass, field

from ansible_collections.piksel.platform.plugins.module_utils import programs
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

try:
    import yaml
except ImportError:
    # The modules say so by missing_required_lib before anything here is reached.
    yaml = None

# Seconds that a chart's download may take.
PULL_WITHIN = 120
_FILES = {"metadata": "Chart.yaml", "values": "values.yaml", "schema": "values.schema.json"}


@dataclass(frozen=True)
class Source:
    """Where a chart comes from.

    ``reference`` is a folder or .tgz file, an oci:// address, or a chart's name within ``repository`` (https://...).
    """

    reference: str
    version: str | None = None
    repository: str | None = None

    @property
    def path(self) -> pathlib.Path | None:
        """The folder or file, None for a chart that is fetched."""
        if self.repository or "://" in self.reference:
            return None
        return pathlib.Path(self.reference).expanduser()

    def __str__(self) -> str:
        place = f"{self.reference} of {self.repository}" if self.repository else self.reference
        return f"{place} {self.version}" if self.version else place


@dataclass(frozen=True)
class Chart:
    """What a chart says of itself: name, version, default values, schema of values or None, names of subcharts."""

    name: str
    version: str
    values: dict = field(default_factory=dict)
    schema: dict | None = None
    subcharts: tuple = ()


def load(source: Source, binary: str | None = None) -> Chart:
    """The chart at a source; ``binary`` is the path of helm. Raises PlatformError for one that cannot be had."""
    path = source.path
    if path is not None:
        return _checked(source, _from_path(source, path))
    with tempfile.TemporaryDirectory(prefix="piksel-chart-") as folder:
        return _checked(source, _from_path(source, _pulled(source, folder, binary)))


def helm(binary: str | None) -> str:
    """The path of the helm binary. Raises PlatformError when there is none."""
    found = shutil.which(binary or "helm")
    if not found:
        raise PlatformError(
            f"there is no program {binary or 'helm'}",
            advice="Install Helm 3 (https://helm.sh/docs/intro/install/), or name its path in `binary_path`.",
        )
    return found


def _pulled(source, folder, binary):
    """Path of the archive that `helm pull` leaves in a folder. https://helm.sh/docs/helm/helm_pull/"""
    command = [helm(binary), "pull", source.reference, "--destination", folder]
    command += ["--version", source.version] if source.version else []
    command += ["--repo", source.repository] if source.repository else []
    done = programs.run(command, PULL_WITHIN)
    archives = sorted(pathlib.Path(folder).glob("*.tgz"))
    if done.code != 0 or not archives:
        raise _unavailable(source, done.errors.strip() or "helm pull left no archive")
    return archives[0]


def _from_path(source, path):
    try:
        texts = _folder(path) if path.is_dir() else _archive(path)
        metadata = yaml.safe_load(texts["metadata"])
        return Chart(
            name=metadata["name"],
            version=str(metadata["version"]),
            values=yaml.safe_load(texts.get("values") or "") or {},
            schema=json.loads(texts["schema"]) if texts.get("schema") else None,
            subcharts=tuple(
                one.get("alias") or one["name"] for one in metadata.get("dependencies") or [] if one.get("name")
            ),
        )
    except (OSError, KeyError, TypeError, ValueError, tarfile.TarError, yaml.YAMLError) as error:
        raise _unavailable(source, f"{path} is no chart ({error})") from error


def _folder(path):
    """The texts of a chart's files by what they are."""
    return {what: (path / name).read_text("utf-8") for what, name in _FILES.items() if (path / name).is_file()}


def _archive(path):
    """The same out of a .tgz, in which everything lies in a folder of the chart's name."""
    with tarfile.open(path, "r:gz") as archive:
        members = {name.partition("/")[2]: name for name in archive.getnames()}
        return {
            what: archive.extractfile(members[name]).read().decode("utf-8")
            for what, name in _FILES.items()
            if name in members
        }


def _checked(source, chart):
    """A local chart has the version that it has; another one than what is wanted would come unseen."""
    if source.version and chart.version != source.version.removeprefix("v"):
        raise _unavailable(source, f"the chart found there is of version {chart.version}")
    return chart


def _unavailable(source, why):
    return PlatformError(
        f"the chart cannot be fetched: {why}",
        subject=f"chart {source}",
        advice="Check its address and version, or name a folder or .tgz file that holds it.",
    )
