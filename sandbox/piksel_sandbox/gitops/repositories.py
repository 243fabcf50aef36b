"""The Git repositories of a sandbox: made anew from plain files at each start, below the state folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug import Request, Response

from piksel_sandbox.gitops import manifests
from piksel_sandbox.state import State

if TYPE_CHECKING:
    from piksel_sandbox.gitops.github import DeployKeys

HOST = "github.com"
# What the inventories follow.
EXAMPLE = "piksel-ina/piksel-gitops"
EXAMPLE_FILES = Path(__file__).resolve().parents[2] / "example_repository"
BRANCH = "main"
AUTHOR = {"GIT_AUTHOR_NAME": "Sandbox", "GIT_AUTHOR_EMAIL": "sandbox@example.org"}
IDENTITY = {**AUTHOR, **{name.replace("AUTHOR", "COMMITTER"): value for name, value in AUTHOR.items()}}


class GitError(Exception):
    """A `git` command failed; the text is what it said."""


def git(folder: Path, *arguments: str) -> bytes:
    """Runs one `git` command in a folder, untouched by the user's own configuration; returns its output."""
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C", **IDENTITY}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=inherited | settings, capture_output=True, check=False, timeout=60
    )
    if done.returncode:
        raise GitError(done.stderr.decode(errors="replace").strip())
    return done.stdout


class Repositories:
    """Bare repositories `<state>/git/<owner>/<name>.git`, and the archives that clusters fetched of them."""

    def __init__(self, state: State, source: str | None = None) -> None:
        """`source`: a folder, or a Git repository, that is served in place of the example."""
        self.folder = state.folder / "git"
        self.keys: DeployKeys | None = None
        self._source = Path(source).absolute() if source else EXAMPLE_FILES

    def fill(self) -> None:
        """Makes the repositories anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "artifacts").mkdir(mode=0o700, parents=True)
        bare = self.folder / f"{EXAMPLE}.git"
        bare.parent.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder) / "work"
            if (self._source / ".git").exists() or (self._source / "HEAD").exists():
                git(Path(folder), "clone", "--quiet", str(self._source), str(work))
            else:
                self._commit(work)
            git(Path(folder), "clone", "--quiet", "--bare", str(work), str(bare))
        git(bare, "config", "http.receivepack", "true")

    def _commit(self, work: Path) -> None:
        """The plain files as one commit, with Flux's components where `flux bootstrap` puts them."""
        shutil.copytree(self._source, work)
        for folder in work.glob("clusters/*/flux-system"):
            (folder / "gotk-components.yaml").write_text(manifests.stream(), encoding="utf-8")
        git(work, "init", "--quiet", f"--initial-branch={BRANCH}")
        git(work, "add", "--all")
        git(work, "commit", "--quiet", "--message", "Show what a repository of the platform looks like")

    def path(self, name: str) -> Path | None:
        """The bare repository `<owner>/<name>`, None when there is none."""
        found = self.folder / f"{name.removesuffix('.git')}.git"
        return found if found.is_dir() and found.resolve().is_relative_to(self.folder.resolve()) else None

    def head(self, name: str, branch: str) -> str:
        """The commit of a branch. Raises GitError in the words that Flux's own Git library has."""
        bare = self.path(name)
        if bare is None:
            raise GitError("repository not found: git repository")
        try:
            return git(bare, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}").decode().strip()
        except GitError as error:
            raise GitError(f'couldn\'t find remote ref "refs/heads/{branch}"') from error

    def archive(self, name: str, commit: str) -> Path:
        """The files of a commit as `.tar.gz`; made once."""
        found = self.folder / "artifacts" / f"{commit}.tar.gz"
        if not found.exists():
            bare = self.path(name)
            assert bare is not None
            # That of the tree: one of the commit would begin with a header that Flux does not take.
            content = git(bare, "archive", "--format=tar.gz", f"{commit}^{{tree}}")
            temporary = found.with_suffix(f".{os.getpid()}")
            temporary.write_bytes(content)
            temporary.replace(found)
        return found

    def handle(self, _request: Request, rest: str) -> Response:
        """An archive, as source-controller serves it to the other controllers."""
        found = self.folder / "artifacts" / Path(rest).name
        if not found.is_file():
            return Response("not found", 404)
        return Response(found.read_bytes(), content_type="application/gzip")
