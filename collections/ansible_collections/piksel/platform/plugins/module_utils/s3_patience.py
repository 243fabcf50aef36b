# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals of S3 that pass by themselves, and what those mean that do not."""

from __future__ import annotations

import time

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils import errors

PAUSE, LIMIT = 0.5, 20.0
# S3 is at work on a bucket of this name.
BUSY = "OperationAborted"
# S3 does not know a bucket yet that it made moments ago.
UNKNOWN = "NoSuchBucket"
# S3 does not know yet that a bucket's access block was lifted moments ago; it says the same of a missing permission.
DENIED = "AccessDenied"


def patiently(call, codes):
    """The answer of ``call()``, which is repeated for LIMIT seconds while S3 refuses it with one of these codes.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
    """
    end = time.monotonic() + LIMIT
    while True:
        try:
            return call()
        except is_boto3_error_code(list(codes)):
            if time.monotonic() >= end:
                raise
            time.sleep(PAUSE)


def busy(error, subject, clients):
    """The PlatformError for a name that S3 has been at work on all the time."""
    told = errors.translate(error, subject, clients)
    told.advice = "S3 is at work on a bucket of this name, such as one that was deleted: run again in an hour."
    return told


def blocked(error, subject, clients):
    """The PlatformError for a policy that S3 refuses although the bucket's own block lets it pass."""
    told = errors.translate(error, subject, clients)
    told.advice = (
        "Either this run lacks s3:PutBucketPolicy, or the policy opens the bucket and Block Public Access of the "
        "account or a policy of the organization forbids that."
    )
    return told
