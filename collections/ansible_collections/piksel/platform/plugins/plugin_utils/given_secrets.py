# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the controller gives the values of secrets to a module's code: by a file that it decrypts, or by a person.

Values go straight into the worker's memory. They are in no variable, argument or result.
"""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleError
from ansible.parsing.vault import EncryptedString
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

if t.TYPE_CHECKING:
    from ansible.parsing.dataloader import DataLoader
    from ansible.utils.display import Display

_VAULT = b"$ANSIBLE_VAULT;"
# A value may be encrypted once more inside the file.
_TEXTS = (str, EncryptedString)


def with_file(params: dict, loader: DataLoader) -> dict:
    """``params`` of a task, and as ``given`` what stands in its ``values_file``: {name of a secret: {key: text}}.

    Raises PlatformError for a file that cannot be read, is not encrypted, or holds anything else.
    """
    path = params.get("values_file")
    if not path:
        return params
    subject = f"file {path}"
    # As the operator sees it, wherever the playbook lies.
    path = os.path.abspath(path)
    try:
        with open(path, "rb") as stream:
            encrypted = stream.read(len(_VAULT)) == _VAULT
    except OSError as error:
        raise PlatformError(f"cannot be read: {error.strerror}", subject=subject) from error
    if not encrypted:
        raise PlatformError("is not encrypted", subject=subject, advice=f"Run `ansible-vault encrypt {path}`.")
    try:
        values = loader.load_from_file(path, cache="none")
    except AnsibleError:
        # What the parser says of a file would quote it, and Ansible shows the cause of an error with it.
        raise PlatformError("cannot be decrypted, or is no YAML", subject=subject) from None
    if not isinstance(values, dict):
        raise PlatformError("is no map of secrets", subject=subject)
    return {**params, "given": {str(name): _plain(value) for name, value in values.items()}}


def asker(display: Display) -> t.Callable[[str, str], str]:
    """A function (name of a secret, key) -> text that asks the person at the terminal, without showing the answer."""

    def ask(name: str, key: str) -> str:
        try:
            answer = display.prompt_until(f"Secret {name}, {key} (it is not shown):", private=True)
        except AnsibleError as error:
            answer = error
        if isinstance(answer, BaseException):
            raise PlatformError(
                "nobody can be asked, as the run has no terminal",
                subject=f"secret {name}",
                advice="Give it by its environment variable or by a file.",
            ) from answer
        return answer.decode().strip()

    return ask


def _plain(value):
    """A value without the tags of the controller; what is no text stays what it is, and is then refused."""
    if not isinstance(value, dict):
        return None
    return {str(key): str(text) if isinstance(text, _TEXTS) else text for key, text in value.items()}
