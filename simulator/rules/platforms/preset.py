"""Platforms: each combines a policy, its limits, its overflow behaviour, the start of instances, the sizes of instances
and a price list.

A preset runs a service of a scenario as that platform would; the service's traffic and application do not change. Its
instances get the platform's nearest size (sizing/sizes.py). Settings that a platform does not fix (such as
MaxConcurrency on App Runner) keep the service's values.

The comment of each value names its source: facts if there are any, `ASSUMPTION:` otherwise. The policy determines when
a starting instance is ready (rules/policies/readiness.py); `probe_interval_s` is for instances in service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from simulator.rules.admission import Overflow
from simulator.rules.load_balancer.settings import ApplicationLoadBalancer
from simulator.rules.platforms.billing import PriceList
from simulator.rules.platforms.sizing.sizes import ANY_SIZE, CpuThrottling, SizeOffer

# The largest MaxConcurrency that a scenario can have, for platforms without a limit per instance.
UNLIMITED: Final = 200


@dataclass(frozen=True, slots=True)
class PlatformPreset:
    """A platform. `policy` is the name of a policy, `parameters` its parameters by their keys in a scenario file.

    If `max_concurrency` or `max_size` is None, the service's value applies. `min_size` is the number of instances that
    the platform keeps by default. A request is queued for `queued_starts` mean starts of an instance if that is longer
    than the wait of `overflow`. `idle_after_s` is the time without requests after which an instance is idle; None if
    the platform does not distinguish busy and idle instances. `billings` has the price lists of its billing modes, by
    the key `billing` of a price file. `sizes` has the sizes that it offers. `load_balancer` is the load balancer in
    front, in place of `overflow`, `balancing` and `probe_interval_s`. `request_timeout_s` and `drain_timeout_s` replace
    the service's limits. `max_size_default` is the MaxSize of a service that sets none, and `deployment` has the keys
    of that section of a service. `stop_grace_s`: the time between SIGTERM and SIGKILL; None if it is unknown.
    `throttling`: how it gives fractions of a vCPU; None if it does not limit the CPU by a quota.
    """

    name: str
    summary: str
    policy: str
    prices: PriceList
    parameters: Mapping[str, object] = field(default_factory=dict)
    max_concurrency: int | None = None
    max_size: int | None = None
    min_size: int = 0
    overflow: Overflow = field(default_factory=Overflow)
    queued_starts: float = 0.0
    balancing: str = "least-outstanding"
    idle_after_s: float | None = None
    probe_interval_s: float = 1.0
    billings: Mapping[str, PriceList] = field(default_factory=dict)
    sizes: SizeOffer = ANY_SIZE
    throttling: CpuThrottling | None = None
    load_balancer: ApplicationLoadBalancer | None = None
    request_timeout_s: float | None = None
    drain_timeout_s: float | None = None
    max_size_default: int | None = None
    deployment: Mapping[str, object] = field(default_factory=dict)
    stop_grace_s: float | None = None
