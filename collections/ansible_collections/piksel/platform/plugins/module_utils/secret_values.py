# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of secrets: made here, or given by an operator. Nothing of this file puts a value into a message."""

from __future__ import annotations

import json
import os
import re
import secrets
import string

from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

try:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519
except ImportError:
    # Ansible Vault needs the library too; who makes no key pair can do without.
    serialization = ed25519 = None

# No character of it is special in a URL, a shell, YAML or a connection string.
URL_SAFE = string.ascii_letters + string.digits + "-_"
PASSWORD_LENGTH = 32
TOKEN_LENGTH = 64
KEY_BYTES = 32
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
LONGEST = 65536
_VARIABLE_PREFIX = "PIKSEL_SECRET_"


def _password():
    # A dash in front would make an option of it.
    return secrets.choice(string.ascii_letters) + "".join(
        secrets.choice(URL_SAFE) for _character in range(PASSWORD_LENGTH - 1)
    )


def _token():
    alphabet = string.ascii_lowercase + string.digits
    return "".join(secrets.choice(alphabet) for _character in range(TOKEN_LENGTH))


def _key_pair():
    """An SSH key pair as JSON, under the names that Flux gives the keys of its Secret.

    https://fluxcd.io/flux/components/source/gitrepositories/#secret-reference
    """
    if ed25519 is None:
        raise PlatformError("the Python library cryptography is missing, which makes key pairs")
    made = ed25519.Ed25519PrivateKey.generate()
    private = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = made.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return json.dumps({PRIVATE_HALF: private.decode(), PUBLIC_HALF: public.decode()})


PRIVATE_HALF, PUBLIC_HALF = "identity", "identity.pub"
# The keys of generated values that are JSON objects.
PARTS = {"ed25519": (PRIVATE_HALF, PUBLIC_HALF)}
# Form to the function that makes a value of it.
FORMS = {
    "ed25519": _key_pair,
    "password": _password,
    "hex": lambda: secrets.token_hex(KEY_BYTES),
    "token": _token,
}


def generate(form: str) -> str:
    """A new random value: "password" (32 URL-safe characters), "hex" (32 bytes), "token" (64 of a-z and 0-9), or
    "ed25519" (an SSH key pair as JSON, keys as in PARTS)."""
    return FORMS[form]()


def variable(name: str) -> str:
    """The environment variable that gives the secret ``name``: "argo-oauth-dev" -> PIKSEL_SECRET_ARGO_OAUTH_DEV."""
    return _VARIABLE_PREFIX + re.sub(r"[^A-Z0-9]+", "_", name.upper())


def command(name: str, keys: list) -> str:
    """The command by which an operator gives the secret ``name`` with these keys."""
    shown = json.dumps(dict.fromkeys(keys, "..."))
    return f"export {variable(name)}='{shown}'"


def parsed(text: str) -> dict | None:
    """The JSON object in a secret's text, None when it holds none."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def problem(value: dict | None, keys: list) -> str | None:
    """What is wrong with a value that must have ``keys``, None when it is whole."""
    if value is None:
        return f"it is no JSON object with the keys {', '.join(keys)}"
    missing = [key for key in keys if key not in value]
    if missing:
        return f"it lacks the key {', '.join(missing)}"
    unknown = sorted(set(value) - set(keys))
    if unknown:
        return f"it has the key {', '.join(unknown)}, which nobody asks for"
    empty = [key for key in keys if not isinstance(value[key], str) or not value[key].strip()]
    return f"its key {', '.join(empty)} holds no text" if empty else None


class Given:
    """The values that an operator gives a run: by the environment, else by a file that Ansible Vault encrypted.

    ``file`` maps names of secrets to maps of keys; only the controller can decrypt it.
    """

    def __init__(self, params: dict):
        """``params`` of a module: ``values_file`` and, from its action, what stands in it as ``given``."""
        path = params.get("values_file")
        if path and "given" not in params:
            raise PlatformError(
                f"{path} can be decrypted by the controller only",
                advice="Leave `environment`, `become`, `async` and remote connections off this task.",
            )
        self._file = params.get("given") or {}
        self._path = path

    def text(self, name: str, keys: list) -> str | None:
        """The value as JSON text, None when none is given; raises PlatformError for one that is not whole."""
        written = os.environ.get(variable(name))
        if written:
            value, place, hint = parsed(written), f"${variable(name)}", ""
        elif name in self._file:
            value, place = self._file[name], f"{name} in {self._path}"
            hint = "YAML takes 0123, yes and dates for something else than text unless they are quoted. "
        else:
            return None
        wrong = problem(value if isinstance(value, dict) else None, keys)
        if wrong:
            advice = f"{hint}Give it so: {command(name, keys)}"
            raise PlatformError(wrong, subject=f"the value of {place}", advice=advice)
        return json.dumps(value)


def missing(name: str, keys: list, description: str = "") -> PlatformError:
    """The finding for a manual secret that exists nowhere."""
    about = f" ({description})" if description else ""
    return PlatformError(
        f"it is made by hand in another system{about}, and neither Secrets Manager nor this run has it",
        subject=f"secret {name}",
        advice=f"Give it so: {command(name, keys)}",
    )
