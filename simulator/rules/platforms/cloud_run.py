"""Google Cloud Run, billed by request or by instance."""

from __future__ import annotations

from typing import Final

from simulator.rules.admission import Overflow
from simulator.rules.platforms.billing import FreeTier, Metering, PriceList
from simulator.rules.platforms.preset import PlatformPreset
from simulator.rules.platforms.sizing.sizes import CpuThrottling, SizeOffer, SizeRange, Steps, exactly

_HOUR_S: Final = 3600

# Tier 1, request-based billing, rounded up to 100 ms (read; the memory rate from a calculator that quotes the page).
# Idle minimum instances: 0.0000025 per vCPU-s and per GiB-s, in two documents of 2026 that quote the page.
BY_REQUEST: Final = PriceList(
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
BY_INSTANCE: Final = PriceList(
    Metering.PROVISIONED,
    region="tier 1, instance-based",
    as_of="2026-11",
    source="cloud.google.com/run/pricing, cloud.google.com/run/docs/configuring/billing-settings",
    vcpu_hour=0.000018 * _HOUR_S,
    gb_hour=0.000002 * _HOUR_S,
    step_s=0.1,
    free=FreeTier(240_000, 450_000),
)

# cloud.google.com/run/docs/configuring/services/cpu (read): fractions of a vCPU from 0.08 in steps of 0.001, which is a
# unit here, only with a concurrency of 1; from 0.5 vCPU for more than 512 MiB, one vCPU for more than 1 GiB; above one
# vCPU only 2, 4, 6 and 8. Copies of the page differ in the least memory with 1 and 2 vCPU: 128 or 512 MiB.
# ASSUMPTION: 128 MiB is offered with whole vCPUs; deploying such a service settles it.
SIZES: Final = SizeOffer(
    (
        SizeRange(Steps(82, 511), Steps(128, 512), max_concurrency=1),
        SizeRange(Steps(512, 1023), Steps(128, 1024), max_concurrency=1),
        SizeRange(exactly(1024), Steps(128, 4096)),
        SizeRange(exactly(2048), Steps(128, 8192)),
        SizeRange(exactly(4096), Steps(2048, 16_384)),
        SizeRange(exactly(6144), Steps(4096, 24_576)),
        SizeRange(exactly(8192), Steps(4096, 32_768)),
    ),
    "cloud.google.com/run/docs/configuring/services/cpu",
)

PRESET: Final = PlatformPreset(
    "cloud-run",
    "Google Cloud Run: CPU and concurrency at 60 %, requests wait for an instance, billed while busy",
    policy="cloud-run",
    prices=BY_REQUEST,
    # policies P7: a pending request waits for max(3.5 x mean start, 10 s), then gets 429.
    overflow=Overflow(10.0, 10_000),
    queued_starts=3.5,
    idle_after_s=0.1,  # the billing step of the platform
    sizes=SIZES,
    # ASSUMPTION: the default period of 100 ms (memory of arXiv 2506.01283); the gaps in a loop that reads the clock in
    # an instance of 0.08 vCPU settle it.
    throttling=CpuThrottling(),
    billings={"request-based": BY_REQUEST, "instance-based": BY_INSTANCE},
)
