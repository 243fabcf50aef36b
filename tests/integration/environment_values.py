"""What each environment is meant to be, value by value, kept apart from the inventories so that a slip there shows.

Per key: (dev, staging, prod). Dev takes staging's versions, since what it last ran has left support.
"""

from __future__ import annotations

OAUTH_POOL = "ap-southeast-3_gmR6onwGY"
OLD_ADDONS = {
    "coredns": "v1.13.2-eksbuild.4",
    "kube-proxy": "v1.34.6-eksbuild.2",
    "vpc-cni": "v1.21.1-eksbuild.7",
    "aws-ebs-csi-driver": "v1.57.1-eksbuild.1",
    "eks-pod-identity-agent": "v1.3.10-eksbuild.2",
}
NEW_ADDONS = {
    "coredns": "v1.14.3-eksbuild.3",
    "kube-proxy": "v1.36.0-eksbuild.13",
    "vpc-cni": "v1.22.3-eksbuild.1",
    "aws-ebs-csi-driver": "v1.63.1-eksbuild.1",
    "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
}
STAGING_NODES = {
    "on_demand": ["t3.large"],
    "spot": ["t3.medium", "t3.large", "c5.large", "c5d.large", "m5.large", "m5d.large"],
}
PROD_NODES = {
    "on_demand": ["m6i.large"],
    "spot": ["m6i.large", "m6a.large", "m5.large", "m5a.large", "m5n.large"],
}
ALL_ON_FARGATE = dict.fromkeys(("kube_system", "karpenter", "flux_system", "external_dns"), "fargate")
OLD_GPU_IMAGE = "amazon-eks-node-al2023-x86_64-nvidia-1.34-v20260403"
NEW_GPU_IMAGE = "amazon-eks-node-al2023-x86_64-nvidia-1.36-v20260801"
HUB_REPOSITORIES = [
    *("coastlines", "data-production", "dc-explorer", "geomad", "inadc-core", "inadc-ows", "jupyter-dev"),
    *("jupyter-lab", "ows", "piksel-core", "terriamap"),
]
KARPENTER = ("Karpenter-piksel-dev", "Karpenter-piksel-staging", "Karpenter-piksel-production")
EXTERNAL_BUCKETS = ["usgs-landsat", "copernicus-dem-30m", "e84-earth-search-sentinel-data"]


def buckets(prefix: str, artifacts: str = "argo-artifacts", terria: str = "terria") -> dict[str, str]:
    """The names of an environment's buckets."""
    return {
        "public_data": f"{prefix}-public-data",
        "argo_artifacts": f"{prefix}-{artifacts}",
        "terria": f"{prefix}-{terria}",
    }


def oauth_urls(domain: str | None) -> dict[str, str | None]:
    """The addresses of a Cognito domain."""
    paths = {
        "authorize": "oauth2/authorize",
        "token": "oauth2/token",
        "userinfo": "oauth2/userInfo",
        "logout": "logout",
    }
    return {name: f"https://{domain}/{path}" if domain else None for name, path in paths.items()}


def oauth_callbacks(domain: str) -> dict[str, str]:
    """Where people come back to."""
    return {
        "argo": f"https://argo.{domain}/oauth2/callback",
        "jupyterhub": f"https://sandbox.{domain}/hub/oauth_callback",
        "grafana": f"https://grafana.{domain}/login/generic_oauth",
    }


OAUTH_URLS = oauth_urls("oauth.piksel.big.go.id")
VALUES = {
    "piksel_account_id": ("236122835646", "326641642924", "522783511350"),
    "piksel_environment": ("dev", "staging", "production"),
    "piksel_environment_title": ("Development", "Staging", "Production"),
    "piksel_aws_profile": ("dev-piksel", "staging-piksel", "prod-piksel"),
    "piksel_vpc_cidr": ("10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"),
    "piksel_vpc_zones": (2, 2, 3),
    "piksel_nat_mode": ("single", "single", "single"),
    "piksel_flow_logs": (True, False, True),
    "piksel_vpc_id": (None, None, None),
    "piksel_cluster_name": ("piksel-dev", "piksel-staging", "piksel-production"),
    "piksel_kubernetes_version": ("1.34", "1.34", "1.36"),
    "piksel_addon_versions": (OLD_ADDONS, OLD_ADDONS, NEW_ADDONS),
    "piksel_pod_identity_agent_enabled": (False, False, False),
    "piksel_placement": (ALL_ON_FARGATE, ALL_ON_FARGATE, ALL_ON_FARGATE),
    "piksel_system_node_groups_enabled": (True, True, True),
    "piksel_system_node_types": (STAGING_NODES, STAGING_NODES, PROD_NODES),
    "piksel_hub_pull_policy_arn": tuple(
        f"arn:aws:iam::{account}:policy/PikselHubImagePullPolicy"
        for account in ("236122835646", "326641642924", "522783511350")
    ),
    "piksel_domain": (None, "staging.piksel.big.go.id", "piksel.big.go.id"),
    "piksel_dns_zone_id": (None, "Z00431943HAESMJJNQCQR", "Z08561162REF6LC5AY0UM"),
    "piksel_external_dns_version": ("1.17.0", "1.17.0", "1.21.1"),
    "piksel_hub_dns_role_name": (
        None,
        "externaldns-crossaccount-role-staging",
        "externaldns-pod-identity-target-role-production",
    ),
    "piksel_hub_cloudfront_role_name": (
        None,
        "odc-cloudfront-crossaccount-role-staging",
        "odc-cloudfront-crossaccount-role-production",
    ),
    "piksel_oauth_domain": (None, "oauth.piksel.big.go.id", "oauth.piksel.big.go.id"),
    "piksel_oauth_user_pool_id": (None, OAUTH_POOL, OAUTH_POOL),
    "piksel_database_instance_class": ("db.t3.small", "db.t4g.large", "db.m7g.large"),
    "piksel_database_storage_gib": (50, 50, 70),
    "piksel_database_max_storage_gib": (None, None, 200),
    "piksel_database_engine_version": ("16", "16", "17.10"),
    "piksel_database_backup_days": (14, 14, 30),
    "piksel_database_multi_az": (False, False, False),
    "piksel_database_apply_immediately": (True, True, False),
    "piksel_database_deletion_protection": (True, True, True),
    "piksel_database_instance": ("piksel-dev-app-db", "piksel-staging-app-db", "piksel-production-app-db"),
    "piksel_ami_alias": ("al2023@v20260403", "al2023@v20260403", "al2023@v20260801"),
    "piksel_gpu_ami_name": (OLD_GPU_IMAGE, OLD_GPU_IMAGE, NEW_GPU_IMAGE),
    "piksel_default_cpu_limit": (10000, 10000, 10000),
    "piksel_gpu_limit": (30, 30, 30),
    "piksel_data_production_cpu_limit": (450, 450, 10000),
    "piksel_karpenter_node_role_name": KARPENTER,
    "piksel_karpenter_queue_name": KARPENTER,
    "piksel_artifact_expiry_days": (60, 60, 60),
    "piksel_terria_expiry_days": (60, 60, 60),
    "piksel_waf_log_retention_days": (30, 30, 365),
    "piksel_grafana_enabled": (True, False, True),
    "piksel_transit_gateway_id": (None, None, None),
    "piksel_resolver_addresses": (None, None, None),
    "piksel_flux_path": ("clusters/development", "clusters/staging", "clusters/production"),
    "piksel_flux_repository": ("ssh://git@github.com/piksel-ina/piksel-gitops",) * 3,
    "piksel_flux_branch": ("main", "main", "main"),
    "piksel_flux_version": ("v2.6.0", "v2.6.0", "v2.6.0"),
    "piksel_slack_channel": ("flux-piksel-dev-env", "flux-piksel-staging-env", "flux-piksel-prod-env"),
    "piksel_identity_backend": ("irsa", "irsa", "irsa"),
    "piksel_hub_repositories": (HUB_REPOSITORIES, HUB_REPOSITORIES, HUB_REPOSITORIES),
    "piksel_identity_overrides": ({}, {}, {"external_dns": {"role_name": "piksel-production-external-dns"}}),
    "piksel_policy_overrides": ({}, {}, {}),
    "piksel_permissions_boundary_arn": (None, None, None),
    "piksel_volume_key_arn": (None, None, None),
    "piksel_bucket_names": (
        buckets("piksel-dev"),
        buckets("piksel-staging", "argo-artifacts-dep", "terria-bucket"),
        buckets("piksel-production"),
    ),
    "piksel_promotion_buckets": ([], [], ["piksel-staging-public-data"]),
    "piksel_read_buckets": (EXTERNAL_BUCKETS, EXTERNAL_BUCKETS, [*EXTERNAL_BUCKETS, "piksel-staging-public-data"]),
    "piksel_acme_email": (None, "piksel@big.go.id", "piksel@big.go.id"),
    "piksel_cost_center": (None, None, None),
    "piksel_jupyterhub_admins": (None, None, None),
    "piksel_secrets_file": (None, None, None),
    "piksel_secrets_prompt": (False, False, False),
    "piksel_secrets_allow_missing": (False, False, False),
    "piksel_secrets_on_restore": ("keep", "keep", "keep"),
    "piksel_secrets_kms_key_arn": (None, None, None),
    "piksel_database_name": ("piksel", "piksel", "piksel"),
    "piksel_database_master": ("piksel_dev", "piksel_staging", "piksel_production"),
    "piksel_database_address": (None, None, None),
    "piksel_database_access": ("relay", "relay", "relay"),
    "piksel_database_look": ("when_changed", "when_changed", "when_changed"),
    "piksel_workflows_use_master": (True, True, True),
    "piksel_oauth_urls": (oauth_urls(None), OAUTH_URLS, OAUTH_URLS),
    "piksel_oauth_callbacks": (
        dict.fromkeys(("argo", "jupyterhub", "grafana")),
        oauth_callbacks("staging.piksel.big.go.id"),
        oauth_callbacks("piksel.big.go.id"),
    ),
}
