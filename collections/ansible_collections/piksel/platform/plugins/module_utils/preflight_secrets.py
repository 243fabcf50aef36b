# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether every secret that is made by hand has a value, or is given one by this run."""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils import errors, secret_values
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.preflight_report import Report
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel


def manual_secrets(clients, wanted: dict, given_by: dict) -> Report:
    """Look for each value (name of the secret -> {"keys", "description"}): one that is not whole, or nowhere.

    ``given_by`` has "values_file", "given", "prompt" and "allow_missing" of the task that stores them.
    """
    report = Report(clients)
    given = secret_values.Given(given_by)
    waits = given_by.get("prompt") or given_by.get("allow_missing")

    def look(name):
        keys, description = wanted[name]["keys"], wanted[name].get("description") or ""
        try:
            if given.text(name, keys) is not None:
                return []
            with errors.told(f"secret {name}", clients):
                wrong, absent = _stored(clients.client("secretsmanager"), name, keys)
        except PlatformError as error:
            return [error]
        if absent:
            return [] if waits else [secret_values.missing(name, keys, description)]
        advice = f"Give it so: {secret_values.command(name, keys)}"
        return [PlatformError(wrong, subject=f"secret {name} in Secrets Manager", advice=advice)] if wrong else []

    for found in parallel(look, sorted(wanted)):
        report.findings.extend(found)
    return report


def _stored(client, name, keys):
    """(what is wrong with the stored value or None, whether there is none)."""
    try:
        text = client.get_secret_value(SecretId=name).get("SecretString", "")
    except is_boto3_error_code("ResourceNotFoundException"):
        return None, True
    except is_boto3_error_code("InvalidRequestException"):
        # It waits for its deletion, which the run ends; what it holds is told after that only.
        return None, False
    return secret_values.problem(secret_values.parsed(text), keys), False
