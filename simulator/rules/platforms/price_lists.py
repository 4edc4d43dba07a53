"""The price lists that are shipped: rates with the place they were read in and its date. They change; give your own.

Free tiers are left out: they are an account's, and a comparison is of services.
"""

from __future__ import annotations

from typing import Final

from simulator.rules.platforms.billing import Metering, Node, PriceList

_HOUR_S: Final = 3600

# facts 13.1 (read): first Regions.
APP_RUNNER: Final = PriceList(
    Metering.APP_RUNNER,
    region="us-east-1",
    as_of="2026-11",
    source="aws.amazon.com/apprunner/pricing",
    vcpu_hour=0.064,
    gb_hour=0.007,
    idle_gb_hour=0.007,
)

# Linux/x86, by the second with a minimum of one minute (read in two articles that quote the page and agree).
# ASSUMPTION: the Application Load Balancer of Express Mode is the service's own, at its hourly rate; up to 25 services
# may share one, and its capacity units (traffic) are left out. The bill of a real service settles its share.
FARGATE: Final = PriceList(
    Metering.PROVISIONED,
    region="us-east-1",
    as_of="2026-04-01",
    source="aws.amazon.com/fargate/pricing as quoted by cloudburn.io/blog/aws-fargate-pricing and vantage.sh",
    vcpu_hour=0.04048,
    gb_hour=0.004445,
    fixed_hour=0.0225,
    step_s=1.0,
    least_s=60.0,
)

# 0.0000166667 USD per GB-second, to the millisecond, initialisation included; the vCPU comes with the memory (read).
LAMBDA: Final = PriceList(
    Metering.BUSY,
    region="us-east-1",
    as_of="2026-11",
    source="aws.amazon.com/lambda/pricing, docs.aws.amazon.com/whitepapers/latest/how-aws-pricing-works/lambda.html",
    gb_hour=0.0000166667 * _HOUR_S,
    million_requests=0.20,
    step_s=0.001,
)

# Tier 1, request-based billing, rounded up to 100 ms (read; the memory rate in a calculator that quotes the page).
CLOUD_RUN: Final = PriceList(
    Metering.BUSY,
    region="tier 1",
    as_of="2026-11",
    source="cloud.google.com/run/pricing, cloudwebschool.com/tools/cloud-run-cost-calculator",
    vcpu_hour=0.000024 * _HOUR_S,
    gb_hour=0.0000025 * _HOUR_S,
    million_requests=0.40,
    step_s=0.1,
)

# What is metered is read (learn.microsoft.com/azure/container-apps/billing: by the second while a replica runs, the
# lower idle rate only at a minimum of replicas above 0).
# ASSUMPTION: the rates are general knowledge; azure.microsoft.com/pricing/details/container-apps settles them.
CONTAINER_APPS: Final = PriceList(
    Metering.PROVISIONED,
    region="East US",
    as_of="not dated",
    source="general knowledge; metering from learn.microsoft.com/azure/container-apps/billing",
    vcpu_hour=0.000024 * _HOUR_S,
    gb_hour=0.000003 * _HOUR_S,
    million_requests=0.40,
)

# A machine to begin with; a cluster of one's own has its own.
NODES: Final = PriceList(
    Metering.NODES,
    region="us-east-1",
    as_of="2026-06-17",
    source="factualminds.com/blog/amazon-ec2-on-demand-pricing-instance-families-2026",
    node=Node("m7g.large", vcpu=2, memory_gb=8, usd_hour=0.0816),
)
