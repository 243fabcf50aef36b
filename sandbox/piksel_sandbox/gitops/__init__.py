"""Git and Flux: a repository to follow, the API of its host, and what follows it in a cluster."""

from __future__ import annotations

from piksel_sandbox import internal
from piksel_sandbox.gitops import github, http_backend
from piksel_sandbox.gitops.repositories import Repositories
from piksel_sandbox.state import State


def install(state: State, source: str | None = None) -> Repositories:
    """Serves the repositories of a sandbox and the API of their host; `source` is a folder in place of the example."""
    repositories = Repositories(state, source)
    repositories.fill()
    keys = github.DeployKeys(repositories)
    internal.route("git", http_backend.Backend(repositories).handle)
    internal.route("github", keys.handle)
    internal.route("artifacts", repositories.handle)
    internal.on_reset(repositories.fill)
    internal.on_reset(keys.forget)
    repositories.keys = keys
    served.append(repositories)
    return repositories


# The repositories of this process, the last ones count.
served: list[Repositories] = []
