"""A VPC for tests: a database, a cache, and two subnets, one of which has a NAT gateway."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from simulator.rules.network.security_groups import GroupRule, NetworkProtocol, SecurityGroup
from simulator.rules.network.vpc import ForwardTarget, Subnet, Vpc, VpcMember, Vpcs

TCP = NetworkProtocol.TCP
A = Subnet("subnet-a", (ip_network("10.0.1.0/24"),), "us-east-1a")
B = Subnet("subnet-b", (ip_network("10.0.2.0/24"),), "us-east-1b", nat=True)
DATABASE = VpcMember(
    "orders-db.internal", ip_address("10.0.9.10"), ("sg-db",), {5432: ForwardTarget("127.0.0.1", 15432)}
)
CACHE = VpcMember("cache.internal", ip_address("10.0.9.11"), ("sg-cache",), {6379: ForwardTarget("127.0.0.1", 16379)})
API = VpcMember("api.example.com", ip_address("198.51.100.7"), (), {443: ForwardTarget("127.0.0.1", 18443)})

GROUPS = {
    "sg-app": SecurityGroup("sg-app"),
    # Allows only the database's group, and HTTPS to all addresses.
    "sg-narrow": SecurityGroup(
        "sg-narrow",
        egress=(
            GroupRule(TCP, 5432, 5432, groups=frozenset({"sg-db"})),
            GroupRule(TCP, 443, 443, (ip_network("0.0.0.0/0"),)),
        ),
    ),
    "sg-none": SecurityGroup("sg-none", egress=()),
    "sg-db": SecurityGroup(
        "sg-db", ingress=(GroupRule(TCP, 5432, 5433, groups=frozenset({"sg-app", "sg-narrow", "sg-none"})),)
    ),
    # Allows the range of one subnet.
    "sg-cache": SecurityGroup("sg-cache", ingress=(GroupRule(TCP, 6379, 6379, (ip_network("10.0.1.0/24"),)),)),
}
VPC = Vpc(
    "vpc-one",
    (ip_network("10.0.0.0/16"),),
    {each.id: each for each in (A, B)},
    GROUPS,
    {each.name: each for each in (DATABASE, CACHE)},
    "sg-app",
)
OTHER = Vpc("vpc-two", (ip_network("172.20.0.0/16"),))
VPCS = Vpcs((VPC, OTHER), {API.name: API})
