"""Quotas with the service's defaults (https://docs.aws.amazon.com/general/latest/gr/eks.html, .../ec2-service.html)."""

from __future__ import annotations

from typing import Any

from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend as MotoServiceQuotasBackend

EKS = "Amazon Elastic Kubernetes Service (Amazon EKS)"
EC2 = "Amazon Elastic Compute Cloud (Amazon EC2)"
# Service code, its name, quota code, its name, value.
QUOTAS = (
    ("eks", EKS, "L-1194D53C", "Clusters", 100.0),
    ("eks", EKS, "L-6D54EA21", "Managed node groups per cluster", 30.0),
    ("eks", EKS, "L-BD136A63", "Nodes per managed node group", 450.0),
    ("fargate", "AWS Fargate", "L-3032A538", "Fargate On-Demand vCPU resource count", 6.0),
    ("ec2", EC2, "L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 64.0),
    ("ec2", EC2, "L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 64.0),
    ("ec2", EC2, "L-DB2E81BA", "Running On-Demand G and VT instances", 8.0),
    ("ec2", EC2, "L-3819A6DF", "All G and VT Spot Instance Requests", 8.0),
)


class ServiceQuotasBackend(MotoServiceQuotasBackend):
    """moto's quotas of VPC, and those above."""

    def list_aws_default_service_quotas(self, service_code: str) -> list[dict[str, Any]]:
        """ListAWSDefaultServiceQuotas: shapes `ServiceQuota`. Raises NoSuchResource for an unknown service."""
        found = [
            {
                "ServiceCode": service_code,
                "ServiceName": service_name,
                "QuotaArn": f"arn:{self.partition}:servicequotas:{self.region_name}:{self.account_id}:{service}/{code}",
                "QuotaCode": code,
                "QuotaName": name,
                "Value": value,
                "Unit": "None",
                "Adjustable": True,
                "GlobalQuota": False,
            }
            for service, service_name, code, name, value in QUOTAS
            if service == service_code
        ]
        return found or super().list_aws_default_service_quotas(service_code)

    def get_service_quota(self, service_code: str, quota_code: str) -> dict[str, Any]:
        """GetServiceQuota: shape `ServiceQuota`. Raises NoSuchResource."""
        for quota in self.list_aws_default_service_quotas(service_code):
            if quota["QuotaCode"] == quota_code:
                return quota
        raise NoSuchResource
