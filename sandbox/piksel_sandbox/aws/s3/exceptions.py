"""Errors of S3 that moto lacks; codes and HTTP statuses as S3 gives them.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from moto.s3.exceptions import S3ClientError


class BadRequestError(S3ClientError):
    """400: what S3 does not take."""

    status = 400


class AclsNotSupported(BadRequestError):
    """The bucket's owner owns every object, ACLs are off."""

    code = "AccessControlListNotSupported"

    def __init__(self) -> None:
        super().__init__("The bucket does not allow ACLs")


class AclWithOwnership(BadRequestError):
    """ACLs cannot be turned off while the bucket's own one lets others in."""

    code = "InvalidBucketAclWithObjectOwnership"

    def __init__(self) -> None:
        super().__init__("Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")


class MalformedPolicy(BadRequestError):
    """A bucket policy that S3 does not take."""

    code = "MalformedPolicy"


class InvalidArgument(BadRequestError):
    """A value that S3 does not take."""

    code = "InvalidArgument"


class InvalidRequest(BadRequestError):
    """Values that do not go together."""

    code = "InvalidRequest"


class AccessDenied(S3ClientError):
    """403: by whom or what stands in the message."""

    code = "AccessDenied"
    status = 403

    def __init__(self, message: str = "Access Denied") -> None:
        super().__init__(message)
