# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets of AWS Secrets Manager: made once, never made anew, their values never shown."""

from __future__ import annotations

import datetime
import json
import uuid

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.piksel.platform.plugins.module_utils import (
    arguments,
    errors,
    ownership,
    secret_values,
    tagging,
)
from ansible_collections.piksel.platform.plugins.module_utils.clients import items
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute, Change
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel, reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

SECRET_OPTIONS = {
    "name": {"type": "str", "required": True},
    "description": {"type": "str"},
    "kms_key_id": {"type": "str"},
    "generate": {"type": "str", "choices": sorted(secret_values.FORMS)},
    "keys": {"type": "list", "elements": "str", "no_log": False},
    "made_after": {"type": "str"},
    "tags": {"type": "dict", "default": {}},
}
SECRET_RULES = {
    "mutually_exclusive": [("generate", "keys"), ("keys", "made_after")],
    "required_one_of": [("generate", "keys")],
}
# The key that Secrets Manager takes by itself; it is told by leaving it out of answers.
OWN_KEY = "alias/aws/secretsmanager"
CURRENT = "AWSCURRENT"
RECOVERY_DAYS = 30
SENSITIVE = "(sensitive)"
# What is known of a value: it is as wanted, or it is another one than what is given, or too old.
STORED, OTHER = "stored", "other"


class Secret(Resource):
    """A secret. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html

    Found and wanted hold no value, only what is known of it: "stored", "other" than the one that is given or made
    before ``made_after``, or None where the secret has none. kms_key_id "" is the service's own key.
    """

    kind = "secret"
    exists_codes = ("ResourceExistsException",)
    restriction = "rotate"
    attributes = (
        Attribute("value", sensitive=True),
        Attribute("description", default=""),
        Attribute("kms_key_id", default=""),
        tagging.TAGS,
    )

    def __init__(self, clients, scope, key, name, wanted, *, form=None, keys=None, overwrite=False, made_after=None):
        """``form`` of a generated value, or ``keys`` of a manual one; ``overwrite``: a restored secret gets a new value
        if there is one; ``made_after`` (datetime): a generated value that is older is not wanted any more."""
        super().__init__(clients, scope, key, name, wanted)
        self.client = clients.client("secretsmanager")
        self.form, self.keys, self.overwrite = form, keys or secret_values.PARTS.get(form), overwrite
        self.made_after = made_after
        # The text that the run would store; it stays in here.
        self._text = None
        # The same in every try of a call, so that the service knows a repeated one.
        self._token = str(uuid.uuid4())

    @property
    def manual(self) -> bool:
        """True for a value that is made in another system."""
        return self.form is None

    def give(self, text: str | None) -> None:
        """Take the value of a manual secret as JSON text."""
        self._text = text

    @property
    def given(self) -> bool:
        """True where the run has a value to store."""
        return self.form is not None or self._text is not None

    def read(self):
        """DescribeSecret, and GetSecretValue where keys or the age of the value are to be checked."""
        try:
            found = self.client.describe_secret(SecretId=self.name)
        except is_boto3_error_code("ResourceNotFoundException"):
            return None
        stages = found.get("VersionIdsToStages") or {}
        version = next((one for one, labels in stages.items() if CURRENT in labels), None)
        deleted = found.get("DeletedDate")
        key = found.get("KmsKeyId", "")
        return {
            "arn": found["ARN"],
            "version_id": version,
            **self._known(version, deleted),
            "description": found.get("Description", ""),
            "kms_key_id": "" if key == OWN_KEY else key,
            "tags": boto3_tag_list_to_ansible_dict(found.get("Tags") or []),
            "deletion_date": deleted.date().isoformat() if deleted else None,
        }

    def _known(self, version, deleted):
        """{"value", "wrong", "public_key"}: what is known of the value, what is wrong with it, the half of a key pair
        that everybody may see; the value of a secret that waits for its deletion is not told."""
        if version is None or deleted or not (self.keys or self.made_after):
            return {"value": None if version is None else STORED, "wrong": None, "public_key": None}
        answer = self.client.get_secret_value(SecretId=self.name, VersionId=version)
        stored = secret_values.parsed(answer.get("SecretString", ""))
        return {
            "value": STORED if self._is_wanted(stored, answer["CreatedDate"]) else OTHER,
            "wrong": secret_values.problem(stored, self.keys) if self.keys else None,
            "public_key": (stored or {}).get(secret_values.PUBLIC_HALF),
        }

    def _is_wanted(self, stored, made):
        """Whether the run would leave this value (of ``keys``) as it is."""
        if self.manual:
            return self._text is None or stored == json.loads(self._text)
        whole = not self.keys or secret_values.problem(stored, self.keys) is None
        return whole and (self.made_after is None or made >= self.made_after)

    def refusals(self, found, _changes):
        """A stored value that lacks a key, where the run has no other one."""
        if not found or not found["wrong"] or self.given:
            return []
        advice = f"Give it so: {secret_values.command(self.name, self.keys)}; consent {self.consent_word('rotate')}."
        return [PlatformError(self._not_whole(found), subject=self.subject, **self.place(), advice=advice)]

    def unusable(self, found):
        """A stored value that lacks a key, where another one is given and waits for its word."""
        return self._not_whole(found) if found["wrong"] else None

    @staticmethod
    def _not_whole(found):
        return f"its value in Secrets Manager is not whole: {found['wrong']}"

    def changes(self, found):
        """As every kind, and the end of a scheduled deletion, with which a value may be written anew."""
        found_changes = super().changes(found)
        if not found["deletion_date"]:
            return found_changes
        again = self.overwrite and self.given and not any(change.path == "value" for change in found_changes)
        anew = [Change("value", SENSITIVE, SENSITIVE)] if again else []
        return [Change("deletion_date", found["deletion_date"], None), *anew, *found_changes]

    def restrictions(self, changes):
        """Another value than the stored one is written with consent only."""
        if any(change.path == "deletion_date" for change in changes):
            return changes, []
        held = [change for change in changes if change.path == "value" and change.before is not None]
        return [change for change in changes if change not in held], held

    def create(self):
        """CreateSecret with everything, value and mark included."""
        key = self.wanted.get("kms_key_id")
        made = self.client.create_secret(
            Name=self.name,
            SecretString=self._new_text(),
            ClientRequestToken=self._token,
            Tags=ansible_dict_to_boto3_tag_list(self.wanted["tags"]),
            **({"Description": self.wanted["description"]} if self.wanted.get("description") else {}),
            **({"KmsKeyId": key} if key else {}),
        )
        place = {"arn": made["ARN"], "version_id": made["VersionId"]}
        return {**place, "public_key": self._new_public_key(), **self._as_wanted()}

    def update(self, found, changes):
        """RestoreSecret first, since nothing else works before; then one call for each sort of change."""
        if tagging.touches(changes, "deletion_date"):
            self.client.restore_secret(SecretId=self.name)
        settings = self._settings(changes)
        if settings:
            self.client.update_secret(SecretId=self.name, ClientRequestToken=str(uuid.uuid4()), **settings)
        tags = tagging.wanted(changes)
        if tags:
            self.client.tag_resource(SecretId=self.name, Tags=ansible_dict_to_boto3_tag_list(tags))
        if not tagging.touches(changes, "value"):
            restored_pair = found["deletion_date"] and self.form in secret_values.PARTS
            return self.read() if restored_pair else {**found, **self._as_wanted()}
        version = self.client.put_secret_value(
            SecretId=self.name, SecretString=self._new_text(), ClientRequestToken=self._token
        )["VersionId"]
        return {**found, **self._as_wanted(), "version_id": version, "public_key": self._new_public_key()}

    def _as_wanted(self):
        """What is found after everything has been written."""
        stored = {path: value for path, value in self.wanted.items() if value is not None}
        return {**stored, "deletion_date": None, "wrong": None}

    def _new_public_key(self):
        """The public half of the pair that is stored now, None for other values."""
        return (secret_values.parsed(self._new_text()) or {}).get(secret_values.PUBLIC_HALF)

    def _settings(self, changes):
        """The arguments of UpdateSecret for these changes."""
        settings = {}
        if tagging.touches(changes, "description"):
            settings["Description"] = self.wanted["description"]
        if tagging.touches(changes, "kms_key_id"):
            settings["KmsKeyId"] = self.wanted["kms_key_id"] or OWN_KEY
        return settings

    def _new_text(self):
        """The value to store; a generated one is made when it is first needed, and then kept for repeated calls."""
        if self._text is None:
            self._text = secret_values.generate(self.form)
        return self._text

    def delete(self, _found):
        """DeleteSecret, which Secrets Manager carries out after thirty days."""
        try:
            self.client.delete_secret(SecretId=self.name, RecoveryWindowInDays=RECOVERY_DAYS)
        except is_boto3_error_code("InvalidRequestException"):
            # It waits for its deletion already where this is the second try of a call whose answer was lost.
            if not self.client.describe_secret(SecretId=self.name).get("DeletedDate"):
                raise

    def facts(self, found):
        """{"name", "arn", "version_id"}, of a key pair "public_key" too; the service makes up the end of the ARN."""
        known = ("arn", "version_id", *(("public_key",) if self.form in secret_values.PARTS else ()))
        return {"name": self.name, **{name: (found or {}).get(name) or self.unknown(name) for name in known}}


def run_secrets(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of secrets; result of reconcile, resources: key -> {"name", "arn", "version_id"}.

    Adds "missing": keys of manual secrets that have no value anywhere, "notices" about them, and "renewed": keys of
    those that get another value. ``params["ask"]`` (name, key) -> text is how an action asks a person. Raises
    PlatformError with every missing one unless they may be.
    """
    secrets = _wanted(params, clients)
    absent = _absent(secrets)
    if params["prompt"] and not check_mode:
        _ask(absent, params.get("ask"))
        absent = [secret for secret in absent if not secret.given]
    elif not params["prompt"] and not params["allow_missing"]:
        errors.combined(_missing(secret) for secret in absent)
    left_out = [] if params["prompt"] else absent
    result = reconcile(
        [secret for secret in secrets if secret not in left_out],
        check_mode,
        consent=params["consent"],
        orphans=lambda: _unwanted(clients, params["scope"], {secret.name for secret in secrets}),
        progress=progress,
    )
    renewed = sorted(
        operation["key"].removeprefix(f"{params['scope']}.")
        for operation in result["operations"]
        if operation["action"] == "update" and any(change["path"] == "value" for change in operation["changes"])
    )
    if check_mode:
        for secret in secrets:
            if secret.key in renewed:
                result["resources"][secret.key] = {**secret.facts(None), "arn": result["resources"][secret.key]["arn"]}
    return {
        **result,
        "missing": sorted(secret.key for secret in left_out),
        "renewed": renewed,
        "notices": [
            f"Secret {secret.name} has no value yet. Give it so: {secret_values.command(secret.name, secret.keys)}"
            for secret in left_out
        ],
    }


def _wanted(params, clients):
    """The secrets of the option, manual ones with what is given for them."""
    wanted = arguments.entries("secrets", params["secrets"], SECRET_OPTIONS, **SECRET_RULES)
    secrets, findings = [_secret(clients, params, key, entry) for key, entry in wanted.items()], []
    given = secret_values.Given(params)
    for secret in secrets:
        try:
            if secret.manual:
                secret.give(given.text(secret.name, secret.keys))
        except PlatformError as error:
            findings.append(error)
    errors.combined(findings)
    return secrets


def _secret(clients, params, key, entry):
    wanted = {
        "value": STORED,
        "description": entry["description"],
        "kms_key_id": entry["kms_key_id"],
        "tags": arguments.tags(Secret.kind, params, key, entry),
    }
    return Secret(
        clients,
        params["scope"],
        key,
        entry["name"],
        wanted,
        form=entry["generate"],
        keys=entry["keys"],
        overwrite=params["on_restore"] == "overwrite",
        made_after=_moment(key, entry["made_after"]),
    )


def _moment(key, text):
    """An ISO 8601 date, or date and time, as moment; UTC where it names no zone."""
    try:
        moment = datetime.datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise PlatformError(f"`secrets.{key}`: made_after {text!r} is no date, such as 2026-01-31") from error
    return moment.replace(tzinfo=datetime.UTC) if moment and moment.tzinfo is None else moment


def _absent(secrets):
    """Those without a value, neither in Secrets Manager nor given."""

    def look(secret):
        with errors.told(secret.subject, secret.clients):
            found = secret.read()
        return found is None or found["value"] is None

    open_ones = [secret for secret in secrets if not secret.given]
    return [secret for secret, absent in zip(open_ones, parallel(look, open_ones), strict=True) if absent]


def _ask(secrets, ask):
    """Ask a person for each key."""
    if secrets and ask is None:
        raise PlatformError(
            "a person can be asked by the controller only",
            advice="Leave `environment`, `become`, `async` and remote connections off this task.",
        )
    for secret in secrets:
        value = {key: ask(secret.name, key) for key in secret.keys}
        wrong = secret_values.problem(value, secret.keys)
        if wrong:
            raise PlatformError(wrong, subject=f"the answer for secret {secret.name}")
        secret.give(json.dumps(value))


def _missing(secret):
    return secret_values.missing(secret.name, secret.keys, secret.wanted["description"] or "")


def _unwanted(clients, scope, names):
    """Secrets marked for this scope whose name nobody wants any more; those that wait for their deletion do not count.

    The list may be five minutes behind, so each is asked for.
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
    """
    with errors.told("secrets marked as ours", clients):
        marked = [{"Key": "tag-key", "Values": [ownership.MARK]}]
        found = items(clients.client("secretsmanager"), "list_secrets", "SecretList", Filters=marked)
    unwanted = parallel(lambda name: _marked(clients, scope, name), sorted({one["Name"] for one in found} - names))
    return [secret for secret in unwanted if secret]


def _marked(clients, scope, name):
    """The secret of this name where it bears the mark of this scope and stays, else None."""
    with errors.told(f"secret {name}", clients):
        try:
            found = clients.client("secretsmanager").describe_secret(SecretId=name)
        except is_boto3_error_code("ResourceNotFoundException"):
            return None
    mark = boto3_tag_list_to_ansible_dict(found.get("Tags") or []).get(ownership.MARK)
    key = ownership.marked_key(mark, Secret.kind, scope)
    return Secret(clients, scope, key, name, {}) if key and not found.get("DeletedDate") else None
