"""VPCs read from an EC2 endpoint: subnets, security groups, and routes to a NAT gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any, Final

from simulator.fleet.credentials.aws_endpoint import AwsEndpoint
from simulator.rules.network.security_groups import (
    PORT_MAX,
    GroupRule,
    IpNetwork,
    NetworkProtocol,
    SecurityGroup,
)
from simulator.rules.network.vpc import Subnet, Vpc, VpcMember

_DEFAULT: Final = "default"  # name of each VPC's default security group
_ALL: Final = "-1"
_EVERYWHERE: Final = "0.0.0.0/0"
# EC2 gives the number of a protocol that has no name; only these have rules here.
_PROTOCOLS: Final = {"6": "tcp", "17": "udp", "1": "icmp"}

Found = Mapping[str, Any]


class VpcEndpointReader:
    """Reads the VPCs of an account in a Region. `members`: their members, by VPC and name."""

    def __init__(self, client: AwsEndpoint, members: Mapping[str, Mapping[str, VpcMember]]) -> None:
        self.client = client
        self._members = members

    async def read(self) -> tuple[Vpc, ...]:
        """Return all VPCs, in the order of their ids. Raises EndpointError."""
        vpcs, subnets, tables, groups = [
            await self.client.listed(f"describe_{name}", member, {}, "NextToken")
            for name, member in (
                ("vpcs", "Vpcs"),
                ("subnets", "Subnets"),
                ("route_tables", "RouteTables"),
                ("security_groups", "SecurityGroups"),
            )
        ]
        return tuple(self._vpc(each, subnets, tables, groups) for each in sorted(vpcs, key=lambda vpc: vpc["VpcId"]))

    def _vpc(self, vpc: Found, subnets: list[Found], tables: list[Found], groups: list[Found]) -> Vpc:
        name = str(vpc["VpcId"])
        own = [each for each in groups if each.get("VpcId") == name]
        default = next((str(each["GroupId"]) for each in own if each.get("GroupName") == _DEFAULT), "")
        routes = [each for each in tables if each.get("VpcId") == name]
        return Vpc(
            name,
            _ranges(vpc),
            {
                str(each["SubnetId"]): Subnet(
                    str(each["SubnetId"]),
                    _ranges(each),
                    str(each.get("AvailabilityZone", "")),
                    _has_nat(str(each["SubnetId"]), routes),
                )
                for each in subnets
                if each["VpcId"] == name
            },
            {str(each["GroupId"]): security_group(each) for each in own},
            {
                label: VpcMember(label, member.address, member.groups or (default,), member.ports)
                for label, member in self._members.get(name, {}).items()
            },
            default,
        )


def security_group(found: Found) -> SecurityGroup:
    """Return a security group of DescribeSecurityGroups."""
    return SecurityGroup(
        str(found["GroupId"]),
        tuple(_rules(found.get("IpPermissionsEgress", []))),
        tuple(_rules(found.get("IpPermissions", []))),
    )


def _rules(permissions: list[Found]) -> Iterator[GroupRule]:
    """Yield the rules. Prefix lists are left out: they are of AWS services, which do not exist here."""
    known = {each.value for each in NetworkProtocol}
    for each in permissions:
        text = str(each["IpProtocol"])
        protocol = NetworkProtocol.ALL.value if text == _ALL else _PROTOCOLS.get(text, text)
        if protocol not in known:
            continue
        chosen = NetworkProtocol(protocol)
        first, last = (each.get("FromPort"), each.get("ToPort")) if chosen.has_ports else (None, None)
        yield GroupRule(
            chosen,
            0 if first is None or first < 0 else int(first),
            PORT_MAX if last is None or last < 0 else int(last),
            tuple(_networks(each)),
            frozenset(str(pair["GroupId"]) for pair in each.get("UserIdGroupPairs", []) if "GroupId" in pair),
        )


def _networks(permission: Found) -> Iterator[IpNetwork]:
    for each in permission.get("IpRanges", []):
        yield ip_network(each["CidrIp"], strict=False)
    for each in permission.get("Ipv6Ranges", []):
        yield ip_network(each["CidrIpv6"], strict=False)


def _ranges(found: Found) -> tuple[IpNetwork, ...]:
    """Return the address ranges of a VPC or a subnet."""
    texts = [str(found["CidrBlock"])]
    texts += [str(each["CidrBlock"]) for each in found.get("CidrBlockAssociationSet", []) if "CidrBlock" in each]
    for each in found.get("Ipv6CidrBlockAssociationSet", []):
        if each.get("Ipv6CidrBlock"):
            texts.append(str(each["Ipv6CidrBlock"]))
    return tuple(ip_network(text) for text in dict.fromkeys(texts))


def _has_nat(subnet: str, tables: list[Found]) -> bool:
    """Return True if the subnet's route table, or else the VPC's main one, leads to a NAT gateway."""
    own = [each for each in tables if any(link.get("SubnetId") == subnet for link in each.get("Associations", []))]
    main = [each for each in tables if any(link.get("Main") for link in each.get("Associations", []))]
    routes = [route for table in (own or main)[:1] for route in table.get("Routes", [])]
    return any(route.get("DestinationCidrBlock") == _EVERYWHERE and route.get("NatGatewayId") for route in routes)
