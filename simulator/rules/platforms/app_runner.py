"""AWS App Runner: an instance is billed by its memory, and by its vCPU while it is active."""

from __future__ import annotations

from typing import Final

from simulator.model.sizes import SUPPORTED
from simulator.rules.platforms.billing import Metering, PriceList
from simulator.rules.platforms.preset import PlatformPreset
from simulator.rules.platforms.sizing.sizes import CpuThrottling, exactly, pairs

# facts 13.1 (read): the first Regions.
PRICES: Final = PriceList(
    Metering.APP_RUNNER,
    region="us-east-1",
    as_of="2026-11",
    source="aws.amazon.com/apprunner/pricing",
    vcpu_hour=0.064,
    gb_hour=0.007,
    idle_gb_hour=0.007,
)

PRESET: Final = PlatformPreset(
    "app-runner",
    "AWS App Runner: 429 on overflow, one instance provisioned",
    policy="app-runner",
    prices=PRICES,
    min_size=1,
    idle_after_s=60.0,  # fleet/pool/settings.py has the reason
    probe_interval_s=5.0,  # App Runner's default (facts 9)
    sizes=pairs(
        {cpu_units: [exactly(mb) for mb in memories] for cpu_units, memories in SUPPORTED.items()},
        "docs.aws.amazon.com/apprunner/latest/dg/architecture (facts 5.1)",
    ),
    # ASSUMPTION: App Runner, which runs instances on Fargate, gives a quarter or a half of a vCPU by the default quota;
    # `cpu.max` and `nr_throttled` in an instance settle it.
    throttling=CpuThrottling(),
)
