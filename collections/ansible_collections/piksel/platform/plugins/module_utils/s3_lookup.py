# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a bucket's name is free, ours, or somebody else's, and where the bucket lies."""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError


def bucket_arn(clients, name: str) -> str:
    """The ARN of a bucket, known before it exists."""
    return f"arn:{clients.partition}:s3:::{name}"


def bucket_region(clients, name: str) -> str | None:
    """The region of a bucket of this account, None while nobody has a bucket of that name.

    Names are shared by all accounts: raises PlatformError when the bucket is another account's.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
    """
    try:
        # A bucket that another account opened to us must not pass for ours.
        answer = clients.client("s3").head_bucket(Bucket=name, ExpectedBucketOwner=clients.account_id)
    except is_boto3_error_code(("404", "NoSuchBucket")):
        return None
    except is_boto3_error_code(("403", "AccessDenied")) as error:
        raise taken(f"s3_bucket {name}", clients, "s3:HeadBucket") from error
    return answer.get("BucketRegion") or clients.region


def taken(subject: str, clients, call: str) -> PlatformError:
    """The finding about a name that another account has, as ``call`` ("s3:HeadBucket") showed."""
    return PlatformError(
        "the bucket is another account's, or this run may not look at it",
        call=call,
        subject=subject,
        account=clients.account_id,
        region=clients.region,
        advice="Names of buckets are unique across all accounts: choose another one.",
    )


def wrong_region(subject: str, clients, region: str) -> PlatformError:
    """The finding about a bucket of ours that lies in another region, where it stays."""
    return PlatformError(
        f"the bucket lies in {region}, and a bucket cannot move",
        call="s3:HeadBucket",
        subject=subject,
        account=clients.account_id,
        region=clients.region,
        advice="Choose another name, or run with that region.",
    )
