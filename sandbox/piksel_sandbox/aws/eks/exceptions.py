"""Errors of the EKS API; names, HTTP codes and members follow botocore's model of the service."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class EKSError(ServiceException):
    """An error with the members that EKS fills beside `message` (each a name, or absent).

    clusterName, nodegroupName, fargateProfileName, addonName: the objects the error is about.
    """

    def __init__(
        self,
        message: str,
        cluster: str | None = None,
        nodegroup: str | None = None,
        fargate_profile: str | None = None,
        addon: str | None = None,
    ):
        super().__init__(message)
        self.clusterName = cluster
        self.nodegroupName = nodegroup
        self.fargateProfileName = fargate_profile
        self.addonName = addon


class ResourceInUseException(EKSError):
    """409: the object exists already, or something runs on it."""

    code = "ResourceInUseException"


class ResourceNotFoundException(EKSError):
    """404: no object of that name or ARN."""

    code = "ResourceNotFoundException"


class InvalidParameterException(EKSError):
    """400: a parameter has a value that the service refuses."""

    code = "InvalidParameterException"


class InvalidRequestException(EKSError):
    """400: the request does not fit the state of the cluster."""

    code = "InvalidRequestException"


class ResourceLimitExceededException(EKSError):
    """400: a service quota is reached."""

    code = "ResourceLimitExceededException"


class NotFoundException(ServiceException):
    """404 of the tagging operations."""

    code = "NotFoundException"


class BadRequestException(ServiceException):
    """400 of the tagging operations."""

    code = "BadRequestException"
