"""S3's answers where moto's differ: who may ask, tags of a new bucket."""

from __future__ import annotations

from typing import Any

import xmltodict
from moto.s3.responses import S3Response as MotoS3Response

from . import policy
from .exceptions import AccessDenied

# Queries that moto's table of actions lacks; none of them is ever open to another account here.
MANAGEMENT = {"publicAccessBlock", "encryption", "ownershipControls", "replication", "inventory", "object-lock"}
# IAM's names for what moto calls otherwise.
IAM_ACTIONS = {"HeadBucket": "ListBucket"}


class S3Response(MotoS3Response):
    """moto's S3 with accounts kept apart.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-auth-workflow-bucket-operation.html
    """

    def _authenticate_and_authorize_s3_action(
        self, bucket_name: str | None = None, key_name: str | None = None
    ) -> None:
        super()._authenticate_and_authorize_s3_action(bucket_name=bucket_name, key_name=key_name)
        managing = set(self.querystring) & MANAGEMENT
        action = self.data.get("Action", "")
        bucket = self.backend.known_bucket(bucket_name)
        if bucket is None or (action == "CreateBucket" and not managing):
            return
        expected = self.headers.get("x-amz-expected-bucket-owner")
        if expected and expected != bucket.account_id:
            raise AccessDenied()
        if bucket.account_id == self.current_account:
            return
        resource = f"{bucket.arn}/{key_name}" if key_name else bucket.arn
        action = f"s3:{IAM_ACTIONS.get(action, action)}"
        if managing or not policy.permits(bucket.policy_document, action, resource, self.current_account):
            raise AccessDenied()

    def _bucket_response_put(self, request: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        """CreateBucket takes tags; everything else is moto's."""
        answer = super()._bucket_response_put(request, bucket_name, querystring)
        if not querystring and self.body:
            configuration = xmltodict.parse(self.body).get("CreateBucketConfiguration") or {}
            tags = policy.listed((configuration.get("Tags") or {}).get("Tag"))
            if tags:
                self.backend.put_bucket_tagging(bucket_name, {tag["Key"]: tag.get("Value") or "" for tag in tags})
        return answer
