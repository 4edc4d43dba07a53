"""Azure Container Apps, billed while a replica runs."""

from __future__ import annotations

from typing import Final

from simulator.rules.admission import Overflow
from simulator.rules.platforms.billing import FreeTier, Metering, PriceList
from simulator.rules.platforms.preset import UNLIMITED, PlatformPreset
from simulator.rules.platforms.sizing.sizes import CpuThrottling, MemoryOfCpu, SizeOffer, Steps

_HOUR_S: Final = 3600

# By the second while a replica runs. The idle rate of vCPU is for replicas at a minimum above 0 that have no request,
# less than 0.01 vCPU and less than 1,000 bytes/s of traffic; memory costs the same (both pages read).
PRICES: Final = PriceList(
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

PRESET: Final = PlatformPreset(
    "container-apps",
    "Azure Container Apps: KEDA's HTTP rule, requests wait in its proxy, billed while a replica runs",
    policy="container-apps",
    prices=PRICES,
    max_concurrency=UNLIMITED,
    max_size_default=10,  # (facts, ECS Express 10)
    deployment={"strategy": "revision-swap"},  # single revision mode, the default (facts, validation-2 V8)
    # ASSUMPTION: its ingress queues a request while the first replica starts; its timeout is 240 s, 60 s suffice.
    overflow=Overflow(60.0, 10_000),
    # The Consumption workload profile: pairs from 0.25 vCPU and 0.5 GiB to 4 vCPU and 8 GiB (read;
    # learn.microsoft.com/azure/container-apps/containers). Environments without workload profiles end at 2 vCPU.
    sizes=SizeOffer(
        (MemoryOfCpu(Steps(256, 4096, 256), mb_per_vcpu=2048),), "learn.microsoft.com/azure/container-apps/containers"
    ),
    # A CPU limit of Kubernetes.
    # ASSUMPTION: a replica sees the four processors of its node; `nproc` in a replica settles it.
    throttling=CpuThrottling(cores=4),
)
