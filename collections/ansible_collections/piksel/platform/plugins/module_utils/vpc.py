# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network that somebody else made: what it is, what the platform needs of it, what is missing."""

from __future__ import annotations

import dataclasses

from ansible_collections.piksel.platform.plugins.module_utils import errors, vpc_read
from ansible_collections.piksel.platform.plugins.module_utils.clients import Clients
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

INTERNAL_TAG = "kubernetes.io/role/internal-elb"
PUBLIC_TAG = "kubernetes.io/role/elb"
DISCOVERY_TAG = vpc_read.DISCOVERY_TAG
EVERYWHERE = "0.0.0.0/0"


@dataclasses.dataclass
class Check:
    """Findings (PlatformError) stop the run, notices (text) do not; ``missing_tags`` are what could be added.

    Findings name the account and region of ``clients``.
    """

    params: dict
    network: vpc_read.Network
    clients: Clients
    findings: list = dataclasses.field(default_factory=list)
    notices: list = dataclasses.field(default_factory=list)
    missing_tags: list = dataclasses.field(default_factory=list)

    def find(self, subject, message, advice=None):
        """Note something that must be put right first."""
        place = {"account": self.clients.account_id, "region": self.clients.region}
        self.findings.append(PlatformError(message, subject=subject, advice=advice, **place))

    def tell(self, subject, message):
        """Note something to know about."""
        self.notices.append(str(PlatformError(message, subject=subject)))

    def run(self) -> Check:
        """Do all checks."""
        for check in (
            self.vpc,
            self.zones,
            self.tags,
            self.routes,
            self.profiles,
            self.addresses,
            self.nat,
            self.flow_logs,
            self.endpoints,
            self.transit_gateway,
            self.discovery,
        ):
            check()
        return self

    def vpc(self):
        """Addresses and DNS attributes.
        https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
        """
        subject = f"vpc {self.network.vpc_id}"
        if self.network.cidr != self.params["cidr"]:
            self.find(
                subject,
                f"its CIDR is {self.network.cidr}, but the inventory says {self.params['cidr']}",
                "Correct piksel_vpc_cidr, or point piksel_vpc_id at the right network.",
            )
        for attribute, value in self.network.dns.items():
            if not value:
                self.find(
                    subject, f"{attribute} is off", f"Turn {attribute} on: nodes and the private endpoint need it."
                )

    def zones(self):
        """Private subnets in enough zones: EKS refuses one."""
        subject = f"vpc {self.network.vpc_id}"
        zones = sorted({subnet.zone for subnet in self.network.private})
        if not zones:
            self.find(
                subject,
                f"no subnet has the tag {self.params['private_tag']}",
                "Tag the private subnets, or make them: the network is not this collection's.",
            )
        elif len(zones) < self.params["minimum_zones"]:
            self.find(
                subject,
                f"its private subnets ({', '.join(subnet.id for subnet in self.network.private)}) "
                f"lie in {len(zones)} zone ({', '.join(zones)}), "
                f"at least {self.params['minimum_zones']} are needed",
                "Add a private subnet in another zone.",
            )
        elif len(zones) < self.params["recommended_zones"]:
            self.tell(
                subject,
                f"its private subnets lie in {len(zones)} zones, "
                f"{self.params['recommended_zones']} are recommended here",
            )

    def tags(self):
        """Tags by which load balancers, the cluster and Karpenter find subnets.
        https://docs.aws.amazon.com/eks/latest/userguide/auto-elb-example.html
        """
        cluster = self.params["cluster_name"]
        private = {INTERNAL_TAG: ("1",), f"kubernetes.io/cluster/{cluster}": ("1", "shared"), DISCOVERY_TAG: (cluster,)}
        for subnets, wanted in ((self.network.private, private), (self.network.public, {PUBLIC_TAG: ("1",)})):
            for subnet in subnets:
                missing = {key: values[0] for key, values in wanted.items() if key not in subnet.tags}
                if missing:
                    self.missing_tags.append({"key": subnet.id, "resource_id": subnet.id, "tags": missing})
                for key, values in wanted.items():
                    if key in subnet.tags and subnet.tags[key] not in values:
                        self.find(
                            f"subnet {subnet.id}",
                            f"its tag {key} is {subnet.tags[key]!r}, wanted is {' or '.join(values)}",
                            "Somebody else set it: change it by hand.",
                        )

    def tag_findings(self):
        """The findings for missing tags, for a run that is not asked to add them."""
        for one in self.missing_tags:
            pairs = ", ".join(f"{key}={value}" for key, value in sorted(one["tags"].items()))
            self.find(
                f"subnet {one['resource_id']}",
                f"missing tags {pairs}",
                "Tag it, or let the run do it: vpc_lookup_add_missing_tags: true.",
            )

    def routes(self):
        """Every private subnet goes out by NAT and is not reached from outside."""
        for subnet in self.network.private:
            subject = f"subnet {subnet.id} (route table {subnet.route_table or 'none'})"
            route = subnet.default_route
            if route is None:
                self.find(subject, f"no route to {EVERYWHERE}", "Add a default route to a NAT gateway.")
            elif route.get("GatewayId", "").startswith("igw-"):
                self.find(
                    subject,
                    f"its default route goes to the internet gateway {route['GatewayId']}, so it is no private subnet",
                    "Route it to a NAT gateway, or tag it SubnetType=Public.",
                )
            elif not route.get("NatGatewayId"):
                self.find(subject, "its default route does not go to a NAT gateway", "Route it to one.")
            elif route.get("State") == "blackhole" or route["NatGatewayId"] not in self.network.nat_gateways:
                self.find(
                    subject,
                    f"its default route goes to {route['NatGatewayId']}, which is not available",
                    "Make the NAT gateway anew, or correct the route.",
                )

    def profiles(self):
        """Subnets that are named for Fargate: it takes private ones only.
        https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
        """
        for subnet_id in self.params["must_be_private"]:
            subnet = self.network.subnets.get(subnet_id)
            if subnet is None:
                self.find(
                    f"subnet {subnet_id}",
                    f"a Fargate profile names it, and {self.network.vpc_id} has no such subnet",
                    "Name subnets of the cluster's network.",
                )
            elif (subnet.default_route or {}).get("GatewayId", "").startswith("igw-"):
                self.find(
                    f"subnet {subnet_id}",
                    "a Fargate profile names it, and it is public: its default route goes to an internet gateway",
                    "Name private subnets, or none: a profile without own subnets takes all private ones.",
                )

    def addresses(self):
        """Free addresses for the control plane's interfaces and for pods; only told once the cluster stands.
        https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html#network-requirements-subnets
        """
        for subnet in self.network.private:
            if subnet.free < self.params["minimum_free_addresses"] and self.network.cluster is None:
                self.find(
                    f"subnet {subnet.id}",
                    f"{subnet.free} addresses are free, "
                    f"the cluster needs {self.params['minimum_free_addresses']} in every subnet",
                    "Free some, or use a larger subnet.",
                )
            elif subnet.free < self.params["recommended_free_addresses"]:
                self.tell(
                    f"subnet {subnet.id}",
                    f"{subnet.free} addresses are free, {self.params['recommended_free_addresses']} are recommended",
                )

    def nat(self):
        """One NAT gateway, or one per zone."""
        zones = len({subnet.zone for subnet in self.network.private})
        wanted = zones if self.params["nat_mode"] == "per_zone" else 1
        have = len(self.network.nat_gateways)
        if have != wanted:
            self.tell(
                f"vpc {self.network.vpc_id}", f"it has {have} NAT gateways, {self.params['nat_mode']} means {wanted}"
            )

    def flow_logs(self):
        """Flow logs as the environment wants them; the owner of the network makes them."""
        subject = f"vpc {self.network.vpc_id}"
        logs = self.network.flow_logs
        if self.params["flow_logs"] and not logs:
            self.tell(subject, "it has no flow logs")
        for log in logs:
            if log["destination"] != "cloud-watch-logs":
                self.tell(f"flow log {log['id']}", f"it goes to {log['destination']}, not to CloudWatch")
            elif log["retention_days"] and log["retention_days"] < self.params["flow_log_retention"]:
                wanted = f"{self.params['flow_log_retention']} days are wanted"
                self.tell(f"flow log {log['id']}", f"it is kept {log['retention_days']} days, {wanted}")

    def endpoints(self):
        """The gateway endpoint for S3."""
        if not any(name.endswith(".s3") and kind == "Gateway" for name, kind in self.network.endpoints.items()):
            self.tell(f"vpc {self.network.vpc_id}", "it has no gateway endpoint for S3: traffic to buckets goes by NAT")

    def transit_gateway(self):
        """The way to the hub, where one is named."""
        wanted = self.params["transit_gateway_id"]
        if not wanted:
            return
        if wanted not in self.network.transit_gateways:
            self.tell(f"vpc {self.network.vpc_id}", f"it is not attached to the transit gateway {wanted}")
        for subnet in self.network.private:
            if self.params["hub_cidr"] not in subnet.routes_to.get(wanted, ()):
                self.tell(f"subnet {subnet.id}", f"no route to {self.params['hub_cidr']} by {wanted}")

    def discovery(self):
        """No other security group may carry the tag by which Karpenter finds the cluster's own.
        https://karpenter.sh/docs/concepts/nodeclasses/#specsecuritygroupselectorterms
        """
        own = ((self.network.cluster or {}).get("resourcesVpcConfig") or {}).get("clusterSecurityGroupId")
        for group in self.network.discovery_groups:
            if group != own:
                self.find(
                    f"security group {group}",
                    f"it carries {DISCOVERY_TAG}={self.params['cluster_name']}, which only the cluster's own group may",
                    "Remove the tag, or nodes get this group too.",
                )


def run(params: dict, _check_mode: bool, clients, _progress=None) -> dict:
    """Find the network, read all of it at the same time, and check it. No write call.

    Returns the facts that later stages need (see the module's documentation); raises FindingsError with every finding,
    those of earlier look-ups first.
    """
    earlier = [PlatformError(text) for text in params["earlier_findings"]]
    try:
        network = vpc_read.read(clients, params)
    except PlatformError as error:
        errors.combined([*earlier, error])
    check = Check(params, network, clients).run()
    if not params["add_missing_tags"]:
        check.tag_findings()
    errors.combined([*earlier, *check.findings])
    return {
        "changed": False,
        "vpc_id": network.vpc_id,
        "cidr": network.cidr,
        "private_subnet_ids": [subnet.id for subnet in network.private],
        "public_subnet_ids": [subnet.id for subnet in network.public],
        "subnets": [subnet.as_dict() for subnet in [*network.private, *network.public]],
        "zones": sorted({subnet.zone for subnet in network.private}),
        "nat_gateway_ids": sorted(network.nat_gateways),
        "flow_logs": network.flow_logs,
        "endpoints": network.endpoints,
        "missing_tags": check.missing_tags,
        "notices": check.notices,
    }
