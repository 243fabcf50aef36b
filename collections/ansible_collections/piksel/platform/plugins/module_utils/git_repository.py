# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a branch of a Git repository holds, read by `git` with the deploy key that Flux uses.

The key is in memory only: ssh reads it from a file without a name (memfd_create(2)), which ends with this process.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import tempfile
import urllib.parse

from ansible.module_utils.urls import open_url
from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils import errors, programs, secret_values
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

REPOSITORY_OPTIONS = {
    "url": {"type": "str", "required": True},
    "branch": {"type": "str", "required": True},
    "path": {"type": "str", "required": True},
    "deploy_key_secret": {"type": "str", "no_log": False},
    "known_hosts": {"type": "str"},
}
SECONDS = 60
# As in the defaults of the role flux_bootstrap.
TOKEN_VARIABLE, API_VARIABLE = "PIKSEL_GITHUB_TOKEN", "GITHUB_API_URL"
_NO_BRANCH = re.compile("couldn't find remote ref", re.IGNORECASE)
_GITHUB = "github.com"


class UnreachableError(PlatformError):
    """The repository cannot be read, by whatever access there is."""


class Tree:
    """The files of one commit, as `git` fetched them into a folder that goes with ``opened``."""

    def __init__(self, folder, revision):
        self._folder = folder
        self.revision = revision

    def text(self, path: str) -> str | None:
        """The content of a file, None when there is none."""
        done = _git(self._folder, "show", f"FETCH_HEAD:{path}")
        return done.output if done.code == 0 else None

    def has_folder(self, path: str) -> bool:
        """True where the commit has this folder."""
        done = _git(self._folder, "cat-file", "-t", f"FETCH_HEAD:{path}")
        return done.output.strip() == "tree"


@contextlib.contextmanager
def opened(repository: dict, key: dict | None):
    """The Tree of a branch: ``repository`` by REPOSITORY_OPTIONS, ``key`` as ``stored_key`` gives it.

    Raises UnreachableError with what git says, or PlatformError for a branch or a path that it does not have. `git`
    obeys its configuration, such as url.<base>.insteadOf.
    https://git-scm.com/docs/git-fetch
    """
    url, branch, path = repository["url"], repository["branch"], folder_of(repository["path"])
    with tempfile.TemporaryDirectory() as folder, _access(url, key, repository.get("known_hosts")) as access:
        _git(folder, "init", "--quiet", "--bare")
        done = _git(folder, "fetch", "--quiet", "--depth=1", url, f"refs/heads/{branch}", **access)
        if done.code:
            raise _refused(url, branch, done.errors, key)
        commit = _git(folder, "rev-parse", "FETCH_HEAD").output.strip()
        tree = Tree(folder, f"{branch}@sha1:{commit}")
        if not tree.has_folder(path):
            raise PlatformError(
                f"branch {branch} has no folder {path}",
                subject=f"repository {url}",
                advice="Put the manifests of this environment there, or name another path.",
            )
        yield tree


def folder_of(path: str) -> str:
    """A path of the repository as git writes it: "./clusters/dev/" -> "clusters/dev"."""
    return path.removeprefix("./").strip("/")


def needs_key(url: str) -> bool:
    """True for addresses that are reached by SSH."""
    return url.startswith("ssh://")


def stored_key(clients, secret: str | None) -> dict | None:
    """{"identity", "identity.pub"} in the secret of Secrets Manager, None where it has no whole pair.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
    """
    if not secret:
        return None
    with errors.told(f"secret {secret}", clients):
        try:
            answer = clients.client("secretsmanager").get_secret_value(SecretId=secret)
        except is_boto3_error_code(["ResourceNotFoundException", "InvalidRequestException"]):
            return None
    value = secret_values.parsed(answer.get("SecretString", ""))
    parts = list(secret_values.PARTS["ed25519"])
    return None if secret_values.problem(value, parts) else value


def keys_page(url: str) -> str:
    """Where people put a deploy key: the page at GitHub, in words for any other host."""
    parts = urllib.parse.urlsplit(url)
    name = parts.path.strip("/").removesuffix(".git")
    return f"https://{_GITHUB}/{name}/settings/keys/new" if parts.hostname == _GITHUB else f"{parts.hostname}, {name}"


def registers_keys(url: str) -> bool:
    """Whether a run can register a deploy key: the host is GitHub, and the environment has a token for it."""
    return needs_key(url) and urllib.parse.urlsplit(url).hostname == _GITHUB and bool(os.environ.get(TOKEN_VARIABLE))


def listed_keys(url: str) -> list:
    """The public deploy keys that GitHub knows of a repository; raises PlatformError where the token may not ask.

    https://docs.github.com/en/rest/deploy-keys/deploy-keys#list-deploy-keys
    """
    name = urllib.parse.urlsplit(url).path.strip("/").removesuffix(".git")
    address = f"{os.environ.get(API_VARIABLE) or 'https://api.github.com'}/repos/{name}/keys?per_page=100"
    headers = {"Authorization": f"Bearer {os.environ[TOKEN_VARIABLE]}", "Accept": "application/vnd.github+json"}
    try:
        return [row["key"] for row in json.loads(open_url(address, headers=headers, timeout=SECONDS).read())]
    except (OSError, ValueError) as error:
        raise PlatformError(
            f"GitHub does not tell its deploy keys ({error})",
            subject=f"repository {url}",
            advice=f"Name one that exists, and give in {TOKEN_VARIABLE} a token that may administer it, or none.",
        ) from error


def _refused(url, branch, said, key):
    if _NO_BRANCH.search(said):
        return PlatformError(f"it has no branch {branch}", subject=f"repository {url}", advice="Name another branch.")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    advice = None
    if key:
        public = key[secret_values.PUBLIC_HALF]
        advice = f"If it does not know the deploy key yet, add it on {keys_page(url)} (reading is enough): {public}"
    return UnreachableError(
        f"it cannot be read ({'; '.join(lines[:3]) or 'git tells no reason'})",
        subject=f"repository {url}",
        advice=advice,
    )


def _git(folder, *arguments, env=None):
    """One command of git in a folder, as programs.Ended."""
    variables = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **(env or {})}
    return programs.run(["git", *arguments], SECONDS, folder, variables)


@contextlib.contextmanager
def _access(url, key, known_hosts):
    """The arguments of _git that let ssh in: with the deploy key, else with what this machine's ssh has."""
    options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10"]
    with contextlib.ExitStack() as files:
        if needs_key(url) and known_hosts:
            options += ["-o", f"UserKnownHostsFile={_in_memory(files, known_hosts)}", "-o", "StrictHostKeyChecking=yes"]
        if needs_key(url) and key:
            identity = _in_memory(files, key[secret_values.PRIVATE_HALF])
            options += ["-i", identity, "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]
        yield {"env": {"GIT_SSH_COMMAND": shlex.join(["ssh", *options])}}


def _in_memory(files, text):
    """The path of a file in memory; ssh closes what it inherits, so that the path leads through this process."""
    if not hasattr(os, "memfd_create"):
        raise UnreachableError("only Linux gives ssh a key that is in no file", subject="deploy key")
    number = os.memfd_create("piksel", 0)
    files.callback(os.close, number)
    os.fchmod(number, 0o600)
    os.write(number, text.encode())
    return f"/proc/{os.getpid()}/fd/{number}"
