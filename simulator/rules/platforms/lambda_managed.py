"""AWS Lambda Managed Instances: environments on EC2 instances of the account, which Lambda launches and scales."""

from __future__ import annotations

from typing import Final

from simulator.rules.admission import Overflow
from simulator.rules.platforms.billing import Metering, PriceList
from simulator.rules.platforms.preset import PlatformPreset
from simulator.rules.platforms.sizing.sizes import exactly, pairs

# Lambda's fee is 15 % of the on-demand price (policies 5).
_FEE: Final = 1.15

# EC2 on demand, the fee, and 0.20 per million requests; no charge for duration (policies 5). EC2 bills seconds, with a
# minimum of one minute. m7g.large, 2 vCPU and 8 GB, costs 0.0816 (read).
# ASSUMPTION: c7g.large, 2 vCPU and 4 GB, costs 0.0725 (memory); both together give rates for vCPU and memory, with
# which an r7g.large is 7 % too cheap. aws.amazon.com/ec2/pricing/on-demand settles it; `--prices` changes them.
PRICES: Final = PriceList(
    Metering.PROVISIONED,
    region="us-east-1",
    as_of="2026-06-17",
    source="factualminds.com/blog/amazon-ec2-on-demand-pricing-instance-families-2026, aws.amazon.com/lambda/pricing",
    vcpu_hour=0.0317 * _FEE,
    gb_hour=0.002275 * _FEE,
    million_requests=0.20,
    step_s=1.0,
    least_s=60.0,
)

# At least 1 vCPU with 2 GB; 2, 4 or 8 GB for each vCPU (lambda/latest/dg/lambda-managed-instances-scaling; read).
SIZES: Final = pairs(
    {
        vcpus * 1024: tuple(exactly(vcpus * gb_per_vcpu * 1024) for gb_per_vcpu in (2, 4, 8))
        for vcpus in (1, 2, 4, 8, 16)
    },
    "docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-scaling",
)

PRESET: Final = PlatformPreset(
    "lambda-managed",
    "AWS Lambda Managed Instances: EC2 instances scaled by CPU and concurrency, no cold starts, 429 when full",
    policy="lambda-managed",
    prices=PRICES,
    # policies 5: at most 64 for each vCPU.
    # ASSUMPTION: 64 for an environment of any size, as the defaults by language are not published. The setting
    # PerExecutionEnvironmentMaxConcurrency of a function settles it.
    max_concurrency=64,
    min_size=3,  # policies 5: three before a version is active
    overflow=Overflow(),  # policies 5: throttles
    sizes=SIZES,
)
