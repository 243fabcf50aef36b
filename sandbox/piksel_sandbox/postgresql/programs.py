"""The programs of PostgreSQL: those of the machine, and a copy of them with PostGIS, which needs no root.

The copy is made once, of Debian's packages, in a folder that the servers' user can read. There the extension is marked
as trusted, so that who may create objects in a database may create it, as on RDS:
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.PostGIS.html
https://www.postgresql.org/docs/15/extend-extensions.html (trusted)
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

logger = logging.getLogger(__name__)
DEBIAN = Path("/usr/lib/postgresql")
# What the library of PostGIS loads and a machine with PostgreSQL lacks; {} is the major version.
PACKAGES = (
    "postgresql-{}-postgis-3",
    "postgresql-{}-postgis-3-scripts",
    "libgeos-c1v5",
    "libgeos3.11.1",
    "libproj25",
    "proj-data",
    "libprotobuf-c1",
)
DOWNLOAD_SECONDS = 120
_lock = threading.Lock()


class ProgramsError(Exception):
    """There is no PostgreSQL; the text says what was looked for."""


@dataclass(frozen=True)
class Programs:
    """Folder of the programs, and the variables that a server needs to find its libraries."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    has_postgis: bool = False

    def path(self, name: str) -> str:
        """The path of one program."""
        return str(self.folder / name)


def ensure() -> Programs:
    """The programs, with PostGIS where it can be had. Raises ProgramsError when there is no PostgreSQL."""
    machine = _of_machine()
    major = machine.parent.name
    with _lock:
        try:
            tree = _with_postgis(machine, major)
        except (OSError, subprocess.SubprocessError) as error:
            told = getattr(error, "stderr", None) or error
            logger.warning("databases go without PostGIS, which was to come from apt: %s", told)
            return Programs(machine)
    variables = {"LD_LIBRARY_PATH": str(tree / "libraries"), "PROJ_LIB": str(tree / "share" / "proj")}
    return Programs(tree / "lib" / "postgresql" / major / "bin", variables, has_postgis=True)


def cache_folder() -> Path:
    """Where the copy lies. A server does not run as root, and cannot look into root's home."""
    if os.geteuid() == 0:
        return Path("/var/cache/piksel-sandbox/postgresql")
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "piksel-sandbox" / "postgresql"


def _of_machine() -> Path:
    """The folder with the newest server of the machine, Debian's or another one on PATH."""
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise ProgramsError(
            f"no PostgreSQL server: neither {DEBIAN}/*/bin/initdb nor an initdb on PATH; install Debian's postgresql"
        )
    return found[-1].parent if found else Path(str(on_path)).resolve().parent


def _with_postgis(machine: Path, major: str) -> Path:
    """The tree with PostgreSQL and PostGIS, made when it is not there yet."""
    folder = cache_folder()
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    tree = folder / f"{major}-postgis-3"
    with open(folder / "lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tree.is_dir():
            with tempfile.TemporaryDirectory(dir=folder) as making:
                _make(Path(making), machine, major)
                (Path(making) / "tree").rename(tree)
    return tree


def _make(folder: Path, machine: Path, major: str) -> None:
    """Makes `<folder>/tree`; a server finds its own parts relative to its program."""
    unpacked = _unpack(folder, major)
    tree = folder / "tree"
    home = tree / "lib" / "postgresql" / major
    share = tree / "share" / "postgresql" / major
    shutil.copytree(machine, home / "bin")
    shutil.copytree(machine.parent / "lib", home / "lib", ignore=shutil.ignore_patterns("bitcode", "pgxs"))
    shutil.copytree(Path("/usr/share/postgresql") / major, share)
    shutil.copytree(unpacked / "usr/lib/postgresql" / major / "lib", home / "lib", dirs_exist_ok=True)
    shutil.copytree(unpacked / "usr/share/postgresql" / major, share, dirs_exist_ok=True)
    shutil.copytree(unpacked / "usr/share/proj", tree / "share" / "proj")
    (tree / "libraries").mkdir()
    for library in unpacked.glob("usr/lib/*-linux-gnu/lib*.so*"):
        shutil.copy2(library, tree / "libraries")
    control = (share / "extension" / "postgis-3.control").read_text(encoding="utf-8")
    (share / "extension" / "postgis.control").write_text(f"{control}\ntrusted = true\n", encoding="utf-8")
    tree.chmod(0o755)


def _unpack(folder: Path, major: str) -> Path:
    """Debian's packages, downloaded and unpacked."""
    names = [name.format(major) for name in PACKAGES]
    _run(["apt-get", "download", *names], folder)
    for package in folder.glob("*.deb"):
        _run(["dpkg-deb", "-x", str(package), str(folder / "unpacked")], folder)
    return folder / "unpacked"


def _run(argv: list[str], folder: Path) -> None:
    subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS)
