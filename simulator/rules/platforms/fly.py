"""Fly.io: machines that its proxy starts and stops, priced by their size."""

from __future__ import annotations

from typing import Final

from simulator.rules.admission import Overflow
from simulator.rules.platforms.billing import Metering, PriceList
from simulator.rules.platforms.preset import PlatformPreset
from simulator.rules.platforms.sizing.sizes import CpuThrottling, SizeOffer, SizeRange, Steps, exactly

_MONTH_HOURS: Final = 30 * 24  # the page's months have 30 days

# USD per month of 30 days in Ashburn and Secaucus, by number of CPUs, with 256 MB for each shared and 2 GB for each
# performance CPU (docs.fly.io/about/pricing of 2 October 2026, in a copy; read).
_SHARED: Final = {1: 2.19, 2: 4.39, 4: 8.78, 6: 13.16, 8: 17.55}
_PERFORMANCE: Final = {
    1: 33.00,
    2: 66.00,
    4: 132.01,
    6: 198.01,
    8: 264.01,
    10: 330.01,
    12: 396.02,
    14: 462.02,
    16: 528.02,
}

# A shared CPU runs for 5 ms of each 80 ms, a sixteenth of a vCPU, a performance CPU all the time
# (fly.io/docs/machines/cpu-performance; read). Memory up to 2 GB for each shared and 8 GB for each performance CPU, in
# steps of 256 MB (fly.io/docs/machines/guides-examples/machine-sizing, the Machines API; read).
# ASSUMPTION: a machine has used up its balance of unused CPU time, with which shared CPUs run at full speed for a while
# (5 s at the start, 500 s at most): a service at a steady load has none. fly_instance_cpu_balance settles it.
SIZES: Final = SizeOffer(
    (
        *(
            SizeRange(
                exactly(64 * cpus),
                Steps(256 * cpus, 2048 * cpus, 256),
                f"shared-cpu-{cpus}x",
                cores=cpus,
                usd_hour=usd / _MONTH_HOURS,
            )
            for cpus, usd in _SHARED.items()
        ),
        *(
            SizeRange(
                exactly(1024 * cpus),
                Steps(2048 * cpus, 8192 * cpus, 256),
                f"performance-{cpus}x",
                cores=cpus,
                usd_hour=usd / _MONTH_HOURS,
            )
            for cpus, usd in _PERFORMANCE.items()
        ),
    ),
    "fly.io/docs/machines/guides-examples/machine-sizing",
)

# By the second while a machine runs. Additional memory: 96 GB more cost 576.30 a month on the same page. A stopped or
# suspended machine costs 0.15 a month for each GB of its root file system. The shared IPv4 address is free.
# ASSUMPTION: a root file system of 1 GB; `fly image show` has the size of the image.
PRICES: Final = PriceList(
    Metering.SIZES,
    region="iad",
    as_of="2026-10-02",
    source="docs.fly.io/about/pricing",
    gb_hour=576.30 / 96 / _MONTH_HOURS,
    sizes=SIZES,
    stopped_hour=0.15 / _MONTH_HOURS,
)

PRESET: Final = PlatformPreset(
    "fly",
    "Fly.io: the proxy starts a stopped machine if all are above their soft limit, and stops one every few minutes",
    policy="fly",
    # The policy's defaults, which a scenario with this policy may change.
    parameters={"above": "each", "auto_stop": "stop"},
    prices=PRICES,
    min_size=0,  # min_machines_running of `fly launch` (fly.io/docs/launch/autostop-autostart; read)
    # Requests beyond the hard limits, and those at zero, wait in the proxy; after a long time it may answer 503
    # (fly.io/docs/reference/load-balancing; read).
    # ASSUMPTION: after a minute. A burst against machines at their hard limit settles it.
    overflow=Overflow(60.0, 10_000),
    sizes=SIZES,
    throttling=CpuThrottling(period_s=0.08),  # fly.io/docs/machines/cpu-performance (read)
    drain_timeout_s=5.0,  # kill_timeout of a machine that is stopped (fly.toml reference; memory)
)
