"""The variables that point AWS and Kubernetes clients to a running sandbox, and those that would lead them astray."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterable, Mapping

from piksel_sandbox.kubernetes import build, charts
from piksel_sandbox.state import INTERNAL_PREFIX, State

# An operator's own for the real AWS: who calls, and where to. Each beats what the sandbox's profiles say, or an
# endpoint that is named. Not AWS_CA_BUNDLE, which does not matter to http.
STRAY = frozenset(
    {
        "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_ACCOUNT_ID", "AWS_CREDENTIAL_EXPIRATION", "AWS_DEFAULT_PROFILE",
        "AWS_DEFAULT_REGION", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_PROFILE", "AWS_REGION", "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN",
        "AWS_URL", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT", "AWS_WEB_IDENTITY_TOKEN_FILE",
    }
)  # fmt: skip
# kubernetes.core takes a server and its credentials from the last of them.
STRAY_PREFIXES = ("AWS_CONTAINER_", "AWS_ENDPOINT_URL_", "K8S_AUTH_")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
HOST = "github.com"
ANY_TOKEN = "any-token-is-good-enough-for-the-sandbox"
LOOPBACK = ("127.0.0.1", "localhost")


def variables(state: State, url: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of a sandbox that answers on `url`, to be laid over `environ`."""
    values = {
        "AWS_CONFIG_FILE": str(state.aws / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(state.aws / "credentials"),
        "AWS_ENDPOINT_URL": url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "KUBECONFIG": str(state.kubeconfig),
        "PIKSEL_DATABASE_CA_BUNDLE": str(state.folder / "rds" / "bundle.pem"),
        "PIKSEL_SANDBOX_STATE": str(state.folder),
        **_past_proxies(environ),
    }
    if not any(charts.missing()):
        values["PIKSEL_CHARTS"] = str(charts.folder())
    folder = build.binaries_folder()
    path = environ.get("PATH", os.defpath)
    if folder and path.split(os.pathsep)[0] != str(folder):
        values["PATH"] = f"{folder}{os.pathsep}{path}"
    return values


def git_variables(url: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What leads `git` and the API of its host to the sandbox: one more setting beside those of `environ`.

    https://git-scm.com/docs/git-config#ENVIRONMENT
    """
    base = f"url.{url}{INTERNAL_PREFIX}git/{HOST}/.insteadOf"
    count = int(environ.get("GIT_CONFIG_COUNT") or 0)
    present = [number for number in range(count) if "/_sandbox/git/" in environ.get(f"GIT_CONFIG_KEY_{number}", "")]
    number = present[0] if present else count
    return {
        "GIT_CONFIG_COUNT": str(max(count, number + 1)),
        f"GIT_CONFIG_KEY_{number}": base,
        f"GIT_CONFIG_VALUE_{number}": f"ssh://git@{HOST}/",
        "GITHUB_API_URL": f"{url}{INTERNAL_PREFIX}github",
        "PIKSEL_GITHUB_TOKEN": environ.get("PIKSEL_GITHUB_TOKEN") or ANY_TOKEN,
    }


def stray(profiles: Collection[str], environ: Mapping[str, str] = os.environ) -> list[str]:
    """Names of the variables in `environ` that must go, sorted; AWS_PROFILE may stay when it is one of `profiles`."""
    names = {name for name in environ if name in STRAY or name.startswith(STRAY_PREFIXES)}
    return sorted(name for name in names if not (name == "AWS_PROFILE" and environ[name] in profiles))


def _past_proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """A proxy stays, as downloads may need it, but what is on loopback is not asked of it."""
    if not any(environ.get(spelling) for name in PROXIES for spelling in (name, name.lower())):
        return {}
    spellings = ("NO_PROXY", "no_proxy")
    hosts = [host.strip() for name in spellings for host in environ.get(name, "").split(",") if host.strip()]
    if "*" in hosts:
        return {}
    # Which of the two wins differs from client to client.
    return dict.fromkeys(spellings, ",".join(dict.fromkeys([*hosts, *LOOPBACK])))


def shell_lines(values: Mapping[str, str], unset: Iterable[str]) -> str:
    """`unset NAME` and `export NAME=value` lines for `eval` in any POSIX shell."""
    lines = [f"unset {name}" for name in unset]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    return "".join(f"{line}\n" for line in lines)
