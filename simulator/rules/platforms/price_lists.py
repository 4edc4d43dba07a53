"""The built-in price lists: rates with their source and date. Rates change; use `--prices` for current ones.

Free tiers belong to an account: the bill of a month shows the amounts that they cover on separate lines (billing.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simulator.rules.platforms.billing import FreeTier, LoadBalancer, Metering, Node, PriceList

_HOUR_S: Final = 3600

# facts 13.1 (read): the first Regions.
APP_RUNNER: Final = PriceList(
    Metering.APP_RUNNER,
    region="us-east-1",
    as_of="2026-11",
    source="aws.amazon.com/apprunner/pricing",
    vcpu_hour=0.064,
    gb_hour=0.007,
    idle_gb_hour=0.007,
)

# Linux/x86, by the second with a minimum of one minute (read in two articles that quote the page and agree). Load
# balancer, capacity units and addresses: facts, ECS Express 6.
# ASSUMPTION: the Application Load Balancer of Express Mode is used by this service only; up to 25 services may share
# one. It has an address in each of two zones, the minimum; one service was observed with three. Each request has its
# own connection (keep-alive clients need fewer) and 10 kB including its response: the balancer's metric ConsumedLCUs
# settles both. Every task has a public address, as in the default VPC. `--prices` changes each of these.
FARGATE: Final = PriceList(
    Metering.PROVISIONED,
    region="us-east-1",
    as_of="2026-04-01",
    source="aws.amazon.com/fargate/pricing as quoted by cloudburn.io/blog/aws-fargate-pricing and vantage.sh; "
    "aws.amazon.com/elasticloadbalancing/pricing, aws.amazon.com/vpc/pricing as quoted in facts, ECS Express 6",
    vcpu_hour=0.04048,
    gb_hour=0.004445,
    fixed_hour=0.0225,
    balancer=LoadBalancer(0.008, addresses=2, requests_per_connection=1.0, request_kb=10.0),
    address_hour=0.005,
    instance_addresses=1,
    step_s=1.0,
    least_s=60.0,
)

# 0.0000166667 USD per GB-second, to the millisecond, initialisation included; the vCPU comes with the memory (read).
# The free tier: github.com/api-evangelist/aws-lambda, plans/aws-lambda-plans-pricing.yml, which quotes the page.
LAMBDA: Final = PriceList(
    Metering.BUSY,
    region="us-east-1",
    as_of="2026-09-20",
    source="aws.amazon.com/lambda/pricing, docs.aws.amazon.com/whitepapers/latest/how-aws-pricing-works/lambda.html",
    gb_hour=0.0000166667 * _HOUR_S,
    million_requests=0.20,
    step_s=0.001,
    free=FreeTier(gb_s=400_000, requests=1e6),
)

# Tier 1, request-based billing, rounded up to 100 ms (read; the memory rate in a calculator that quotes the page).
# Idle minimum instances: 0.0000025 per vCPU-s and per GiB-s, in two documents of 2026 that quote the page.
CLOUD_RUN: Final = PriceList(
    Metering.BUSY,
    region="tier 1",
    as_of="2026-11",
    source="cloud.google.com/run/pricing, cloudwebschool.com/tools/cloud-run-cost-calculator",
    vcpu_hour=0.000024 * _HOUR_S,
    gb_hour=0.0000025 * _HOUR_S,
    idle_vcpu_hour=0.0000025 * _HOUR_S,
    idle_gb_hour=0.0000025 * _HOUR_S,
    million_requests=0.40,
    step_s=0.1,
    free=FreeTier(180_000, 360_000, 2e6),
)

# Instance-based billing: the lifetime of an instance, no fee per request (read; policies 5, and copies of the page).
CLOUD_RUN_BY_INSTANCE: Final = PriceList(
    Metering.PROVISIONED,
    region="tier 1, instance-based",
    as_of="2026-11",
    source="cloud.google.com/run/pricing, cloud.google.com/run/docs/configuring/billing-settings",
    vcpu_hour=0.000018 * _HOUR_S,
    gb_hour=0.000002 * _HOUR_S,
    step_s=0.1,
    free=FreeTier(240_000, 450_000),
)

# By the second while a replica runs. The idle rate of vCPU is for replicas at a minimum above 0 that have no request,
# less than 0.01 vCPU and less than 1,000 bytes/s of traffic; memory costs the same (both pages read).
CONTAINER_APPS: Final = PriceList(
    Metering.PROVISIONED,
    region="Central US",
    as_of="2025-05-30",
    source="techcommunity.microsoft.com/blog/appsonazureblog/understanding-idle-usage-in-azure-container-apps/4419197, "
    "learn.microsoft.com/azure/container-apps/billing",
    vcpu_hour=0.000024 * _HOUR_S,
    gb_hour=0.000003 * _HOUR_S,
    idle_vcpu_hour=0.000003 * _HOUR_S,
    idle_gb_hour=0.000003 * _HOUR_S,
    # ASSUMPTION: the fee per request is from an undated copy (facts, ECS Express 10);
    # azure.microsoft.com/pricing/details/container-apps settles it.
    million_requests=0.40,
    free=FreeTier(180_000, 360_000, 2e6),
)

# An example machine; set the machines of your own cluster with `--prices`.
NODES: Final = PriceList(
    Metering.NODES,
    region="us-east-1",
    as_of="2026-06-17",
    source="factualminds.com/blog/amazon-ec2-on-demand-pricing-instance-families-2026",
    node=Node("m7g.large", vcpu=2, memory_gb=8, usd_hour=0.0816),
)

# Alternative billing modes, by platform and by the key `billing` of a price file.
BILLINGS: Final[Mapping[str, Mapping[str, PriceList]]] = {
    "cloud-run": {"request-based": CLOUD_RUN, "instance-based": CLOUD_RUN_BY_INSTANCE},
}
