# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""S3 buckets: ownership, public access, policy, lifecycle, CORS, encryption, versioning, website, tags. A run never
deletes an object."""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.piksel.platform.plugins.module_utils import (
    arguments,
    compare,
    errors,
    s3_forms,
    s3_lifecycle,
    s3_lookup,
    s3_patience,
    tagging,
)
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parts, reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource
from ansible_collections.piksel.platform.plugins.module_utils.s3_forms import BUCKET_OPTIONS, FLAGS

# us-east-1 is the region that CreateBucket takes when none is named, and the only one that it refuses to be named.
_UNNAMED_REGION = "us-east-1"


class Bucket(Resource):
    """A general purpose bucket. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html

    ``policy`` is the whole document: the platform owns it. {} in ``policy``, ``lifecycle_rules`` and ``website``, and
    [] in ``cors_rules``, mean that the bucket has none.
    """

    kind = "s3_bucket"
    exists_codes = ("BucketAlreadyOwnedByYou",)
    restriction = "discard"
    attributes = (
        Attribute("ownership", default="ObjectWriter"),
        Attribute("public_access_block", form="map"),
        Attribute("encryption"),
        Attribute("versioning", default=False),
        Attribute("lifecycle_rules", form="owned_map"),
        Attribute("cors_rules", default=[]),
        Attribute("website", form="owned_map"),
        Attribute("policy", form="policy"),
        tagging.TAGS,
    )

    def __init__(self, clients, scope, key, name, wanted):
        super().__init__(clients, scope, key, name, wanted)
        self.s3 = clients.client("s3")
        self._made = False

    def read(self):
        """HeadBucket, and then everything that is wanted of the bucket at the same time."""
        region = s3_lookup.bucket_region(self.clients, self.name)
        if region is None:
            return None
        found = {"region": region}
        if region == self.clients.region:
            paths = [path for path in _READ if path == "tags" or self.wanted.get(path) is not None]
            for part in parts(lambda path: _READ[path](self), paths):
                found.update(part)
        return found

    def _ask(self, operation, none_codes, **more):
        """The answer of a read of this bucket; {} when the service says by one of the codes that nothing is set."""
        try:
            return getattr(self.s3, operation)(Bucket=self.name, **more)
        except is_boto3_error_code(none_codes):
            return {}

    def read_ownership(self):
        """GetBucketOwnershipControls; buckets from before 2021 have none, which means ObjectWriter."""
        answer = self._ask("get_bucket_ownership_controls", "OwnershipControlsNotFoundError")
        rules = answer.get("OwnershipControls", {}).get("Rules") or [{}]
        return {"ownership": rules[0].get("ObjectOwnership", "ObjectWriter")}

    def read_public_access_block(self):
        """GetPublicAccessBlock; none means that nothing is blocked."""
        answer = self._ask("get_public_access_block", "NoSuchPublicAccessBlockConfiguration")
        block = answer.get("PublicAccessBlockConfiguration", {})
        return {"public_access_block": {name: block.get(member, False) for name, member in FLAGS.items()}}

    def read_encryption(self):
        """GetBucketEncryption; S3 encrypts every bucket."""
        answer = self._ask("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError")
        rules = answer.get("ServerSideEncryptionConfiguration", {}).get("Rules") or [{}]
        default = rules[0].get("ApplyServerSideEncryptionByDefault", {})
        return {
            "encryption": default.get("SSEAlgorithm"),
            "blocked_encryption_types": rules[0].get("BlockedEncryptionTypes"),
        }

    def read_versioning(self):
        """GetBucketVersioning; suspended is as good as never enabled."""
        return {"versioning": self._ask("get_bucket_versioning", []).get("Status") == "Enabled"}

    def read_lifecycle(self):
        """GetBucketLifecycleConfiguration; ``lifecycle_answers`` keeps S3's own words of each rule."""
        answer = self._ask("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration")
        answers = s3_lifecycle.by_key(answer.get("Rules", []), self.wanted["lifecycle_rules"])
        return {
            "lifecycle_rules": {key: s3_lifecycle.from_service(rule) for key, rule in answers.items()},
            "lifecycle_answers": answers,
            "lifecycle_minimum_size": answer.get("TransitionDefaultMinimumObjectSize"),
        }

    def read_cors(self):
        """GetBucketCors, in order: the first rule that fits a request counts."""
        answer = self._ask("get_bucket_cors", "NoSuchCORSConfiguration")
        return {"cors_rules": [s3_forms.cors_from_service(rule) for rule in answer.get("CORSRules", [])]}

    def read_website(self):
        """GetBucketWebsite; redirects, which the platform does not set, show under S3's own names."""
        answer = self._ask("get_bucket_website", "NoSuchWebsiteConfiguration")
        return {"website": s3_forms.website_from_service(answer)}

    def read_policy(self):
        """GetBucketPolicy."""
        return {"policy": compare.document(self._ask("get_bucket_policy", "NoSuchBucketPolicy").get("Policy", {}))}

    def read_tags(self):
        """GetBucketTagging."""
        tags = self._ask("get_bucket_tagging", "NoSuchTagSet").get("TagSet", [])
        return {"tags": boto3_tag_list_to_ansible_dict(tags)}

    def refusals(self, found, _changes):
        """A bucket cannot move to another region."""
        if found is None or found["region"] == self.clients.region:
            return []
        return [s3_lookup.wrong_region(self.subject, self.clients, found["region"])]

    def restrictions(self, changes):
        """What lets data get lost that the bucket holds: objects that would expire, versions no longer kept."""
        losing = [change for change in changes if _loses(change)]
        if not losing or not self._holds_objects():
            return changes, []
        return [change for change in changes if change not in losing], losing

    def _holds_objects(self):
        answer = self.s3.list_object_versions(Bucket=self.name, MaxKeys=1)
        return bool(answer.get("Versions") or answer.get("DeleteMarkers"))

    def create(self):
        """CreateBucket with the mark, private, without ACLs and encrypted: S3's defaults of new buckets.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
        """
        configuration = {"Tags": ansible_dict_to_boto3_tag_list(self.wanted["tags"])}
        if self.clients.region != _UNNAMED_REGION:
            configuration["LocationConstraint"] = self.clients.region
        request = {"CreateBucketConfiguration": configuration, "ObjectOwnership": self.wanted["ownership"]}
        try:
            s3_patience.patiently(lambda: self.s3.create_bucket(Bucket=self.name, **request), [s3_patience.BUSY])
        except is_boto3_error_code("BucketAlreadyExists") as error:
            raise s3_lookup.taken(self.subject, self.clients, "s3:CreateBucket") from error
        except is_boto3_error_code(s3_patience.BUSY) as error:
            raise s3_patience.busy(error, self.subject, self.clients) from error
        self._made = True
        return {
            "region": self.clients.region,
            "ownership": self.wanted["ownership"],
            "public_access_block": dict.fromkeys(FLAGS, True),
            "encryption": "AES256",
            "versioning": False,
            "lifecycle_rules": {},
            "lifecycle_answers": {},
            "cors_rules": [],
            "website": {},
            "policy": {},
            "tags": self.wanted["tags"],
        }

    def update(self, found, changes):
        """One call for each part that differs; the access block comes before the policy that it would refuse."""
        touched = {change.path.partition(".")[0] for change in changes}
        passing = [s3_patience.BUSY, *([s3_patience.UNKNOWN] if self._made else [])]
        for path in [path for path in _WRITE if path in touched]:
            s3_patience.patiently(lambda path=path: _WRITE[path](self, found, changes), passing)

    def write_tags(self, found, changes):
        """PutBucketTagging replaces the whole set: those of others go along."""
        tags = {**found["tags"], **tagging.wanted(changes)}
        self.s3.put_bucket_tagging(Bucket=self.name, Tagging={"TagSet": ansible_dict_to_boto3_tag_list(tags)})

    def write_public_access_block(self, _found, _changes):
        """PutPublicAccessBlock, all four flags at once."""
        block = {member: self.wanted["public_access_block"][name] for name, member in FLAGS.items()}
        self.s3.put_public_access_block(Bucket=self.name, PublicAccessBlockConfiguration=block)

    def write_ownership(self, _found, _changes):
        """PutBucketOwnershipControls; ACLs are turned off only on a bucket whose own ACL lets nobody else in.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html
        """
        if self.wanted["ownership"] == "BucketOwnerEnforced":
            self.s3.put_bucket_acl(Bucket=self.name, ACL="private")
        rules = [{"ObjectOwnership": self.wanted["ownership"]}]
        self.s3.put_bucket_ownership_controls(Bucket=self.name, OwnershipControls={"Rules": rules})

    def write_encryption(self, found, _changes):
        """PutBucketEncryption; what others forbid for single objects stays forbidden."""
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": self.wanted["encryption"]}}
        if found.get("blocked_encryption_types"):
            rule["BlockedEncryptionTypes"] = found["blocked_encryption_types"]
        self.s3.put_bucket_encryption(Bucket=self.name, ServerSideEncryptionConfiguration={"Rules": [rule]})

    def write_versioning(self, _found, _changes):
        """PutBucketVersioning; a bucket that ever kept versions can only suspend it."""
        status = "Enabled" if self.wanted["versioning"] else "Suspended"
        self.s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": status})

    def write_lifecycle(self, found, changes):
        """PutBucketLifecycleConfiguration replaces all rules: those whose change is held go along as they are."""
        rules = {key: s3_lifecycle.with_filter(answer) for key, answer in found["lifecycle_answers"].items()}
        for change in changes:
            name, _dot, key = change.path.partition(".")
            if name == "lifecycle_rules":
                rules.pop(key, None)
                if change.after is not None:
                    rules[key] = s3_lifecycle.for_service(key, change.after)
        if not rules:
            self.s3.delete_bucket_lifecycle(Bucket=self.name)
            return
        size = found.get("lifecycle_minimum_size")
        self.s3.put_bucket_lifecycle_configuration(
            Bucket=self.name,
            LifecycleConfiguration={"Rules": [rules[key] for key in sorted(rules)]},
            **({"TransitionDefaultMinimumObjectSize": size} if size else {}),
        )

    def write_cors(self, _found, _changes):
        """PutBucketCors or DeleteBucketCors."""
        if not self.wanted["cors_rules"]:
            self.s3.delete_bucket_cors(Bucket=self.name)
            return
        rules = [s3_forms.cors_for_service(rule) for rule in self.wanted["cors_rules"]]
        self.s3.put_bucket_cors(Bucket=self.name, CORSConfiguration={"CORSRules": rules})

    def write_website(self, _found, _changes):
        """PutBucketWebsite or DeleteBucketWebsite."""
        website = self.wanted["website"]
        if not website:
            self.s3.delete_bucket_website(Bucket=self.name)
            return
        self.s3.put_bucket_website(Bucket=self.name, WebsiteConfiguration=s3_forms.website_for_service(website))

    def write_policy(self, _found, changes):
        """PutBucketPolicy or DeleteBucketPolicy; a block that was lifted just now may still refuse for a while."""
        if not self.wanted["policy"]:
            self.s3.delete_bucket_policy(Bucket=self.name)
            return
        request = {"Bucket": self.name, "Policy": compare.text(self.wanted["policy"])}
        passing = [s3_patience.DENIED] if _opens(changes) else []
        try:
            s3_patience.patiently(lambda: self.s3.put_bucket_policy(**request), passing)
        except is_boto3_error_code(s3_patience.DENIED) as error:
            raise s3_patience.blocked(error, self.subject, self.clients) from error

    def delete(self, _found):
        """DeleteBucket; a bucket that holds anything stays."""
        try:
            with errors.gone(s3_patience.UNKNOWN):
                self.s3.delete_bucket(Bucket=self.name)
        except is_boto3_error_code("BucketNotEmpty") as error:
            raise PlatformError(
                "it still holds objects or versions of them, and a run never empties a bucket",
                call="s3:DeleteBucket",
                subject=self.subject,
                **self.place(),
                advice="Empty it by hand and run again, or put the bucket back into the catalogue.",
            ) from error

    def facts(self, _found):
        """Name, ARN and region; all are known before the bucket exists."""
        return {"name": self.name, "arn": s3_lookup.bucket_arn(self.clients, self.name), "region": self.clients.region}


# What reads and what writes a part; writes in this order.
_READ = {
    "tags": Bucket.read_tags,
    "ownership": Bucket.read_ownership,
    "public_access_block": Bucket.read_public_access_block,
    "encryption": Bucket.read_encryption,
    "versioning": Bucket.read_versioning,
    "lifecycle_rules": Bucket.read_lifecycle,
    "cors_rules": Bucket.read_cors,
    "website": Bucket.read_website,
    "policy": Bucket.read_policy,
}
_WRITE = {
    "tags": Bucket.write_tags,
    "public_access_block": Bucket.write_public_access_block,
    "ownership": Bucket.write_ownership,
    "encryption": Bucket.write_encryption,
    "versioning": Bucket.write_versioning,
    "lifecycle_rules": Bucket.write_lifecycle,
    "cors_rules": Bucket.write_cors,
    "website": Bucket.write_website,
    "policy": Bucket.write_policy,
}


def run_buckets(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of buckets; result of reconcile, resources: key -> {"name", "arn", "region"}.

    Raises PlatformError with everything that S3 would refuse of the options, before any call.
    """
    entries = arguments.entries("buckets", params["buckets"], BUCKET_OPTIONS)
    wanted, findings = {}, []
    for key, entry in entries.items():
        wanted[key], problems = s3_forms.wanted(key, entry)
        findings.extend(problems)
    errors.combined(findings)
    buckets = [
        Bucket(
            clients,
            params["scope"],
            key,
            entries[key]["name"],
            {**parts, "tags": arguments.tags(Bucket.kind, params, key, entries[key])},
        )
        for key, parts in wanted.items()
    ]
    return reconcile(
        buckets,
        check_mode,
        consent=params["consent"],
        orphans=lambda: _unwanted(clients, params["scope"], {bucket.name for bucket in buckets}),
        progress=progress,
    )


def _unwanted(clients, scope, names):
    """Buckets marked for this scope whose name nobody wants any more."""
    with errors.told("buckets marked as ours", clients):
        found = tagging.marked(clients, Bucket.kind, scope, "s3")
    named = {arn.rsplit(":", 1)[1]: key for arn, key in found.items()}
    return [Bucket(clients, scope, key, name, {}) for name, key in named.items() if name not in names]


def _opens(changes):
    """Whether a part of the access block is lifted."""
    return any(change.path.startswith("public_access_block.") and change.after is False for change in changes)


def _loses(change):
    """Whether a change lets data get lost that an existing bucket holds."""
    if change.path == "versioning":
        return change.after is False
    return change.path.startswith("lifecycle_rules.") and s3_lifecycle.deletes_more(change.before, change.after)
