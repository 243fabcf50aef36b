# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a bucket, and its parts in one canonical form: from options, from S3, and as S3 wants them. Pure."""

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.module_utils import arguments, compare, s3_lifecycle
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.s3_names import name_problem

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html
FLAGS = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_CORSRule.html; the order of these lists means nothing.
_CORS_LISTS = {
    "allowed_origins": "AllowedOrigins",
    "allowed_methods": "AllowedMethods",
    "allowed_headers": "AllowedHeaders",
    "expose_headers": "ExposeHeaders",
}
CORS_OPTIONS = {
    "allowed_origins": {"type": "list", "elements": "str", "required": True},
    "allowed_methods": {
        "type": "list",
        "elements": "str",
        "choices": ["GET", "HEAD", "PUT", "POST", "DELETE"],
        "required": True,
    },
    "allowed_headers": {"type": "list", "elements": "str", "default": []},
    "expose_headers": {"type": "list", "elements": "str", "default": []},
    "max_age_seconds": {"type": "int"},
}
WEBSITE_OPTIONS = {"index_document": {"type": "str", "required": True}, "error_document": {"type": "str"}}
BUCKET_OPTIONS = {
    "name": {"type": "str", "required": True},
    "ownership": {
        "type": "str",
        "choices": ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"],
        "default": "BucketOwnerEnforced",
    },
    "public_access_block": {
        "type": "dict",
        "options": {name: {"type": "bool", "default": True} for name in FLAGS},
        "apply_defaults": True,
    },
    "policy": {"type": "raw"},
    "lifecycle_rules": {"type": "dict"},
    "cors_rules": {"type": "list", "elements": "dict", "options": CORS_OPTIONS},
    "encryption": {"type": "str", "choices": ["AES256"], "default": "AES256"},
    "versioning": {"type": "bool"},
    "website": {"type": "dict"},
    "tags": {"type": "dict", "default": {}},
}


def wanted(key: str, entry: dict) -> tuple:
    """(what is wanted of a bucket as flat as the core compares it, but for its tags; what S3 would refuse in it).

    ``entry`` holds validated options; the second part is a list of PlatformError. Raises PlatformError for nested
    options of the wrong form.
    """
    where = f"buckets.{key}"
    rules = _lifecycle(where, entry["lifecycle_rules"])
    parts = {
        "ownership": entry["ownership"],
        "public_access_block": entry["public_access_block"],
        "policy": compare.document(entry["policy"] or {}) if entry["policy"] is not None else None,
        "lifecycle_rules": rules,
        "cors_rules": _cors_from_options(entry["cors_rules"]),
        "encryption": entry["encryption"],
        "versioning": entry["versioning"],
        "website": _website(where, entry["website"]),
    }
    found = [PlatformError(problem, subject=f"`{where}.name`")] if (problem := name_problem(entry["name"])) else []
    for name, rule in (rules or {}).items():
        subject = f"`{where}.lifecycle_rules.{name}`"
        found.extend(PlatformError(text, subject=subject) for text in s3_lifecycle.problems(rule))
    return parts, found


def _lifecycle(where, rules):
    if rules is None:
        return None
    validated = arguments.entries(f"{where}.lifecycle_rules", rules, s3_lifecycle.RULE_OPTIONS)
    return {str(name): s3_lifecycle.from_options(rule) for name, rule in validated.items()}


def _website(where, website):
    if not website:
        return website
    validated = arguments.entries(where, {"website": website}, WEBSITE_OPTIONS)["website"]
    return {name: value for name, value in validated.items() if value}


def _cors_from_options(rules):
    return None if rules is None else [_cors({name: rule[name] for name in CORS_OPTIONS}) for rule in rules]


def _cors(rule):
    """A rule with its lists in order, without what it leaves to S3."""
    ordered = {name: sorted(value) if isinstance(value, list) else value for name, value in rule.items()}
    return {name: value for name, value in ordered.items() if value not in (None, [])}


def cors_from_service(answer: dict) -> dict:
    """The canonical form of a rule as GetBucketCors has it; its id means nothing."""
    rule = {name: answer.get(member, []) for name, member in _CORS_LISTS.items()}
    return _cors({**rule, "max_age_seconds": answer.get("MaxAgeSeconds")})


def cors_for_service(rule: dict) -> dict:
    """A canonical rule as PutBucketCors wants it."""
    request = {member: rule[name] for name, member in _CORS_LISTS.items() if name in rule}
    return {**request, **({"MaxAgeSeconds": rule["max_age_seconds"]} if "max_age_seconds" in rule else {})}


def website_from_service(answer: dict) -> dict:
    """The canonical form of GetBucketWebsite; redirects, which the platform does not set, keep S3's own names."""
    website = {
        "index_document": answer.get("IndexDocument", {}).get("Suffix"),
        "error_document": answer.get("ErrorDocument", {}).get("Key"),
        "RedirectAllRequestsTo": answer.get("RedirectAllRequestsTo"),
        "RoutingRules": answer.get("RoutingRules"),
    }
    return {name: value for name, value in website.items() if value}


def website_for_service(website: dict) -> dict:
    """A canonical website as PutBucketWebsite wants it."""
    request = {"IndexDocument": {"Suffix": website["index_document"]}}
    return {**request, **({"ErrorDocument": {"Key": website["error_document"]}} if "error_document" in website else {})}
