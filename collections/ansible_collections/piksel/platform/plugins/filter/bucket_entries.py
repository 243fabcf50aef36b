# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: bucket_entries
short_description: Make options for M(piksel.platform.s3_buckets) out of a catalogue of buckets
version_added: 0.1.0
description:
  - Says the whole of each bucket, so that whatever somebody adds to it shows, with ACLs off, encrypted, and closed to
    the public but for what its policy opens.
  - Every bucket refuses plain HTTP, unless its entry says otherwise. A bucket that everybody may read is opened by
    its policy, never by ACLs.
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description:
      - Logical key to an entry with C(name), and perhaps C(public_read), C(tls_only), C(policy_statements),
        C(versioning), C(lifecycle_rules), C(cors_rules), C(website) and C(tags).
    type: dict
    required: true
  partition:
    description: Partition of AWS that the buckets' ARNs name.
    type: str
    default: aws
"""

EXAMPLES = r"""
# {"data": {"name": "example-data", "policy": {"Version": "2012-10-17", "Statement": [...]}, "versioning": false, ...}}
buckets: "{{ {'data': {'name': 'example-data', 'public_read': true}} | piksel.platform.bucket_entries }}"
"""

RETURN = r"""
_value:
  description: The options of each bucket by logical key.
  type: dict
"""

# What an entry may say, and what it says when it is silent.
_DEFAULTS = {
    "public_read": False,
    "tls_only": True,
    "policy_statements": [],
    "versioning": False,
    "lifecycle_rules": {},
    "cors_rules": [],
    "website": {},
    "tags": {},
}
_FLAGS = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")


def bucket_entries(catalogue: dict, partition: str = "aws") -> dict:
    """Return the module's options for each bucket; raises AnsibleFilterError with every unknown part and its key."""
    if not isinstance(catalogue, dict):
        raise AnsibleFilterError(f"bucket_entries takes a map of keys to buckets, not {catalogue!r}")
    findings = [f"{key}: {problem}" for key, entry in catalogue.items() for problem in _problems(entry)]
    if findings:
        raise AnsibleFilterError("; ".join(f"bucket {finding}" for finding in findings))
    return {key: _options({**_DEFAULTS, **entry}, partition) for key, entry in catalogue.items()}


def _problems(entry):
    if not isinstance(entry, dict) or not entry.get("name"):
        return [f"must be a map with a name, not {entry!r}"]
    known = ("name", *_DEFAULTS)
    return [f"{name} is no part of a bucket ({', '.join(known)} are)" for name in entry if name not in known]


def _options(entry, partition):
    statements = [
        *(_tls_only(entry["name"], partition) if entry["tls_only"] else []),
        *(_public_read(entry["name"], partition) if entry["public_read"] else []),
        *entry["policy_statements"],
    ]
    # ACLs stay blocked on a public bucket too: only its policy opens it.
    opened = ("block_public_policy", "restrict_public_buckets") if entry["public_read"] else ()
    return {
        "name": entry["name"],
        "ownership": "BucketOwnerEnforced",
        "public_access_block": {flag: flag not in opened for flag in _FLAGS},
        "policy": {"Version": "2012-10-17", "Statement": statements} if statements else {},
        "encryption": "AES256",
        **{name: entry[name] for name in ("versioning", "lifecycle_rules", "cors_rules", "website", "tags")},
    }


def _arns(name, partition):
    bucket = f"arn:{partition}:s3:::{name}"
    return bucket, f"{bucket}/*"


def _tls_only(name, partition):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html"""
    return [
        {
            "Sid": "DenyPlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": list(_arns(name, partition)),
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def _public_read(name, partition):
    """What everybody may do, and nothing else: read objects and their tags, list, ask for the region."""
    bucket, objects = _arns(name, partition)
    allow = {"Effect": "Allow", "Principal": "*"}
    return [
        {"Sid": "PublicRead", **allow, "Action": ["s3:GetObject", "s3:GetObjectTagging"], "Resource": objects},
        {"Sid": "PublicList", **allow, "Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": bucket},
    ]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"bucket_entries": bucket_entries}
