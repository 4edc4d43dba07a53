"""A configuration of `simulator serve` with a VPC."""

from __future__ import annotations

TEXT = """\
network:
  vpcs:
    vpc-0a1b2c3d:
      cidr: [10.0.0.0/16, "fd00::/16"]
      subnets:
        subnet-0a: {cidr: 10.0.1.0/24, zone: us-east-1a}
        subnet-0b: {cidr: [10.0.2.0/24, "fd00:2::/64"], zone: us-east-1e, nat: true}
      security_groups:
        sg-0app: {egress: [{ports: 5432, to: sg-0db}, {protocol: all, to: [0.0.0.0/0, "::/0"]}]}
        sg-0db: {ingress: [{ports: 5432-5433, from: [sg-0app, 10.0.2.0/24]}]}
      members:
        orders-db.internal: {address: 10.0.9.10, groups: sg-0db, ports: {5432: 127.0.0.1:15432}}
        cache.internal: {address: 10.0.9.11, ports: {"6379": 16379}}
      endpoints: {vpce-0e: {address: 10.0.8.5, groups: sg-0app}}
    vpc-0second: {cidr: 172.20.0.0/16, subnets: {subnet-0c: {cidr: 172.20.1.0/24}}}
  internet:
    api.example.com: {address: 198.51.100.7, ports: {443: "[::1]:8443"}}
  unsupported_zones: us-east-1e
"""
