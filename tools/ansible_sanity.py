"""Run `ansible-test sanity` on a copy of the collection: `ansible_sanity.py [PYTHON_OF_THE_LANE] [TEST...]`.

ansible-test wants the path `ansible_collections/piksel/platform` with no other repository around it, and fetches a
`get-pip` from a host that a closed network does not reach. So it gets a copy in a scratch folder, and a home of its own
in the cache where a stand-in, which runs the pip wheel from PyPI, sits where ansible-test looks for its download first.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLLECTION = ROOT / "collections/ansible_collections/piksel/platform"
NOT_COPIED = ("output", "__pycache__", ".pytest_cache", ".ruff_cache", ".ansible", "*.tar.gz")
DEPENDENCIES = ("amazon/aws", "kubernetes/core")

PROBE = """
import ansible.release, sys, sysconfig
print(ansible.release.__version__, "%d.%d" % sys.version_info[:2], sysconfig.get_path("purelib"), sep="\\n")
"""

STAND_IN = '''"""In place of get-pip: runs the pip wheel beside this file."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
WHEEL = os.path.join(HERE, "{wheel}")
if __name__ == "__main__":
    sys.path.insert(0, WHEEL)
    from pip._internal.cli.main import main

    options = [option for option in sys.argv[1:] if option not in ("--no-setuptools", "--no-wheel")]
    sys.exit(main(["install", "--no-index", "--find-links", HERE, *options]))
'''


def seed_home(python: Path, home: Path) -> None:
    """Put the stand-in and its wheel into ansible-test's download cache under `home`, for this lane's core version."""
    where = "import ansible_test; print(ansible_test.__path__[0])"
    package = Path(subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.strip())
    source = (package / "_internal/python_requirements.py").read_text()
    versions = sorted(set(re.findall(r"\bpip='([\d.]+)'", source)))
    cache = home / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in versions:
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        if script.exists():
            continue
        wheel = f"pip-{version}-py3-none-any.whl"
        download = [python, "-m", "pip", "download", "-q", "--no-deps", "-d", cache, f"pip=={version}"]
        subprocess.run(download, check=True)
        script.write_text(STAND_IN.format(wheel=wheel))
    # ansible-test hands only HOME on to pip: the operator's pip settings and its cache are reached through it.
    for name in (".config/pip", ".cache/pip"):
        link = home / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink() and (Path.home() / name).exists():
            link.symlink_to(Path.home() / name)


def sanity(python: Path, tests: list[str]) -> subprocess.CompletedProcess:
    """Run the named sanity tests (all that this machine can, when none is named); returns the finished process."""
    answer = subprocess.run([python, "-c", PROBE], check=True, capture_output=True, text=True).stdout
    release, version, installed = answer.splitlines()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "piksel-platform" / f"ansible-test-{release}"
    seed_home(python, home)
    environment = dict(
        os.environ,
        HOME=str(home),
        PATH=f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        LC_ALL="C.UTF-8",
    )
    command = [python.parent / "ansible-test", "sanity", "--local", "--python", version, "--color", "no"]
    for test in tests:
        command += ["--test", test]
    with tempfile.TemporaryDirectory(prefix="piksel-sanity-") as scratch:
        copy = Path(scratch) / "ansible_collections/piksel/platform"
        shutil.copytree(COLLECTION, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
        for name in DEPENDENCIES:
            link = Path(scratch) / "ansible_collections" / name
            link.parent.mkdir()
            link.symlink_to(Path(installed) / "ansible_collections" / name)
        return subprocess.run(
            command, cwd=copy, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )


if __name__ == "__main__":
    lane = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".venv/bin/python"
    finished = sanity(lane.absolute(), sys.argv[2:])
    sys.stdout.write(finished.stdout)
    sys.exit(finished.returncode)
