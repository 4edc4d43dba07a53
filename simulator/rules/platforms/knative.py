"""Knative on nodes that the user pays for, whether or not anything runs on them."""

from __future__ import annotations

from typing import Final

from simulator.rules.admission import Overflow
from simulator.rules.platforms.billing import Metering, Node, PriceList
from simulator.rules.platforms.preset import PlatformPreset

# An example machine; set the machines of your own cluster with `--prices`.
NODES: Final = PriceList(
    Metering.NODES,
    region="us-east-1",
    as_of="2026-06-17",
    source="factualminds.com/blog/amazon-ec2-on-demand-pricing-instance-families-2026",
    node=Node("m7g.large", vcpu=2, memory_gb=8, usd_hour=0.0816),
)

PRESET: Final = PlatformPreset(
    "knative",
    "Knative on self-managed nodes: the KPA, requests wait in the activator, nodes are billed busy or not",
    policy="knative",
    prices=NODES,
    # policies P2d: the activator buffers 10,000 requests per revision.
    # ASSUMPTION: for 60 s; a revision's timeout is 300 s by default, longer than App Runner's 120 s per request.
    overflow=Overflow(60.0, 10_000),
    balancing="round-robin",  # policies 3.1: above a limit of 3
)
