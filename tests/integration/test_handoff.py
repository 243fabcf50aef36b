"""What the GitOps repository gets to know of each environment, value by value."""

from __future__ import annotations

import pytest

from integration.test_inventories import ENVIRONMENTS, read

ISSUER = "https://cognito-idp.ap-southeast-3.amazonaws.com/ap-southeast-3_gmR6onwGY"
HOSTS = {
    "jupyterhub_host": "sandbox",
    "argo_host": "argo",
    "explorer_host": "explorer",
    "terria_host": "maps",
    "ows_host": "ows",
    "ows_origin_host": "ows-uncached",
    "grafana_host": "grafana",
}
DOMAINS = {"piksel-dev": None, "piksel-staging": "staging.piksel.big.go.id", "piksel-prod": "piksel.big.go.id"}
ACCOUNTS = {"piksel-dev": "236122835646", "piksel-staging": "326641642924", "piksel-prod": "522783511350"}


@pytest.fixture(scope="module")
def handed() -> dict[str, dict]:
    """Host to its ConfigMaps by logical key."""
    rows = read(ENVIRONMENTS, ["flux_bootstrap_config_maps"], ["playbooks/flux_bootstrap.yml"])
    return {host: values["flux_bootstrap_config_maps"] for _playbook, _play, host, values in rows}


@pytest.mark.requirement("FLUX-10", "FLUX-11", "FLUX-14", "FLUX-15", "FLUX-16", "FLUX-19", "FLUX-20", "FLUX-21")
def test_what_the_platform_is(handed: dict[str, dict]) -> None:
    """Roles, buckets, registry, database, labels of nodes, classes: all of it is text under a name of a variable."""
    buckets = {
        "piksel-dev": ("piksel-dev-argo-artifacts", "piksel-dev-terria", "piksel-dev-public-data"),
        "piksel-staging": (
            "piksel-staging-argo-artifacts-dep",
            "piksel-staging-terria-bucket",
            "piksel-staging-public-data",
        ),
        "piksel-prod": (
            "piksel-production-argo-artifacts",
            "piksel-production-terria",
            "piksel-production-public-data",
        ),
    }
    for host, entries in handed.items():
        values = entries["values"]["data"]
        assert (entries["values"]["name"], entries["values"]["namespace"]) == ("piksel-platform", "flux-system")
        assert all(value is None or isinstance(value, str) for value in values.values())
        role = "role/iam-role-for-argo-workflow-service-account"
        assert values["argo_role_arn"] == f"arn:aws:iam::{ACCOUNTS[host]}:{role}"
        found = tuple(values[name] for name in ("artifact_bucket", "terria_bucket", "public_data_bucket"))
        assert found == buckets[host]
        assert values["s3_endpoint"] == "s3.ap-southeast-3.amazonaws.com"
        assert values["hub_registry"] == "686410905891.dkr.ecr.ap-southeast-3.amazonaws.com"
        assert values["database_host"] == "db-endpoint.database.svc.cluster.local"
        assert values["database_pooler_host"] == "pg-proxy-service.database.svc.cluster.local"
        assert values["database_pooler_port"] == "6432"
        labels = ("system_node_label", "system_node_taint", "notebook_node_label", "production_node_label")
        wanted = ("karpenter.sh/controller", "CriticalAddonsOnly", "jupyter-profile", "data-production")
        assert tuple(values[name] for name in labels) == wanted
        classes = ("storage_class", "ingress_class", "cluster_issuer")
        assert tuple(values[name] for name in classes) == ("gp3", "nginx", "letsencrypt-production")


@pytest.mark.requirement("FLUX-12", "FLUX-13")
def test_names_of_hosts_and_the_issuer(handed: dict[str, dict]) -> None:
    """Null where nobody knows the domain or the user pool yet."""
    for host, domain in DOMAINS.items():
        values = handed[host]["values"]["data"]
        assert values["domain"] == domain
        assert {name: values[name] for name in HOSTS} == {
            name: f"{word}.{domain}" if domain else None for name, word in HOSTS.items()
        }
        assert values["oauth_issuer"] == (ISSUER if domain else None)
        assert values["oauth_domain"] == ("oauth.piksel.big.go.id" if domain else None)


@pytest.mark.requirement("FLUX-17", "FLUX-18", "FLUX-22", "SECR-39", "FLUX-25")
def test_what_others_make_is_named_or_not_known_yet(handed: dict[str, dict]) -> None:
    """Secrets by name only, service accounts by their fixed names; the rest waits for its stage."""
    for host, word in (("piksel-dev", "dev"), ("piksel-staging", "staging"), ("piksel-prod", "production")):
        values = handed[host]["values"]["data"]
        assert values["slack_secret"] == f"slack-webhook-{word}"
        assert values["database_secret"] == "db-secret"
        accounts = {value for name, value in values.items() if name.endswith("_service_account")}
        assert accounts == {"user-read", "odc-data-reader", "stac-data-reader", "terria-sa"}
        assert values["efs_file_system_id"] is None
        certificates = handed[host]["database_ca"]
        assert (certificates["name"], certificates["namespace"]) == ("rds-ca-cert", "argo-workflows")
        assert certificates["data"] == {"ap-southeast-3-bundle.pem": None}
