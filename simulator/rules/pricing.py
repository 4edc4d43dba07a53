"""What App Runner charges: metering rules, a bill for a run and for a month (rates: region_prices.py). Pure.

Source: https://aws.amazon.com/apprunner/pricing/ and the AWS price list (facts 13). The rules:

- Memory is billed for as long as an instance is provisioned. While it is active, *active* memory replaces the
  provisioned memory of that instance; it is not added on top.
- vCPU is billed while an instance is active, and it is active from its start on: a starting container has its CPU.
- Seconds are rounded up. Each activation (a start, or a request that wakes an idle instance) costs at least 60 s of
  vCPU.
- Load balancer, TLS and requests are free. Automatic deployments cost a flat sum per application and month.

The bill of a run has every minimum whole: so much would stand on it. A month is the metered rate, scaled: what of a
minimum or a rounding lies beyond the end of the run belongs to no second of it and is cut off (`until_s`). A run of
12 s with one active instance so has the month of a run of 10 min with one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from simulator.model.sizes import InstanceSize

HOURS_PER_MONTH: Final = 730.0  # 365 x 24 / 12, as the AWS calculator counts
SECONDS_PER_HOUR: Final = 3600.0
ACTIVATION_S_MIN: Final = 60

# 0.1 + 0.2 = 0.30000000000000004 s must not be billed as a second more than 0.3 s; a microsecond is not a second.
_NOISE_S: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Rates:
    """USD per unit: GB-hour of provisioned memory, vCPU-hour and GB-hour of active instances, and the flat items."""

    provisioned_gb_hour: float
    active_vcpu_hour: float
    active_gb_hour: float
    deployments_month: float = 1.0
    build_minute: float = 0.005


@dataclass(frozen=True, slots=True)
class Usage:
    """One instance: seconds from launch to stop, and when it had its CPU as (begin_s, end_s), ascending, disjoint.

    `launched_s`: when it was launched, on the clock of the spells.
    """

    provisioned_s: float
    spells: Sequence[tuple[float, float]]
    size: InstanceSize
    launched_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Metered:
    """Billed amounts. `gb_hours_provisioned` excludes the time in which active memory replaced it."""

    vcpu_hours: float = 0.0
    gb_hours_provisioned: float = 0.0
    gb_hours_active: float = 0.0
    deployment_months: float = 0.0
    build_minutes: float = 0.0

    def __add__(self, other: Metered) -> Metered:
        return Metered(
            self.vcpu_hours + other.vcpu_hours,
            self.gb_hours_provisioned + other.gb_hours_provisioned,
            self.gb_hours_active + other.gb_hours_active,
            self.deployment_months + other.deployment_months,
            self.build_minutes + other.build_minutes,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bill: so much of something at a rate makes so many USD."""

    item: str
    quantity: float
    unit: str
    rate_usd: float

    @property
    def usd(self) -> float:
        return self.quantity * self.rate_usd


@dataclass(frozen=True, slots=True)
class Bill:
    """Lines in a fixed order, exact (not rounded to cents). `free`: what of them a free tier covers, positive."""

    lines: tuple[Line, ...]
    free: tuple[Line, ...] = ()

    @property
    def usd(self) -> float:
        """Without the free tier."""
        return math.fsum(line.usd for line in self.lines)

    @property
    def free_usd(self) -> float:
        return math.fsum(line.usd for line in self.free)


def metered(
    usages: Iterable[Usage],
    *,
    deployment_months: float = 0.0,
    build_minutes: float = 0.0,
    until_s: float = math.inf,
) -> Metered:
    """What is billed for the instances of one service; what of it lies beyond `until_s` is left out."""
    total = Metered(deployment_months=deployment_months, build_minutes=build_minutes)
    for usage in usages:
        total += _metered_instance(usage, until_s)
    return total


def bill(amounts: Metered, rates: Rates) -> Bill:
    return Bill(
        (
            Line("active vCPU", amounts.vcpu_hours, "vCPU-hour", rates.active_vcpu_hour),
            Line("active memory", amounts.gb_hours_active, "GB-hour", rates.active_gb_hour),
            Line("provisioned memory", amounts.gb_hours_provisioned, "GB-hour", rates.provisioned_gb_hour),
            Line("automatic deployments", amounts.deployment_months, "month", rates.deployments_month),
            Line("builds", amounts.build_minutes, "minute", rates.build_minute),
        )
    )


def per_month(amounts: Metered, run_s: float, *, automatic_deployments: bool = False) -> Metered:
    """A month of 730 hours that goes on as the `run_s` seconds of the run went; `amounts` are metered until `run_s`.

    Compute is scaled in proportion, so a short run with a start in it charges the month for that start over and over.
    Builds belong to deployments and not to the passing of time: they are left out.

    Raises:
        ValueError: when `run_s` is not positive.
    """
    if not run_s > 0:
        msg = f"run_s = {run_s}, must be positive"
        raise ValueError(msg)
    factor = HOURS_PER_MONTH * SECONDS_PER_HOUR / run_s
    return Metered(
        amounts.vcpu_hours * factor,
        amounts.gb_hours_provisioned * factor,
        amounts.gb_hours_active * factor,
        deployment_months=1.0 if automatic_deployments else 0.0,
    )


def month_of_rounded_days(usd_per_day: float, days: int = 30) -> float:
    """USD of a month as the pricing page's examples state it: a day is rounded to cents first, then multiplied."""
    cents = Decimal(repr(usd_per_day)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return float(cents * days)


def billed_spells_s(spells: Sequence[tuple[float, float]], until_s: float = math.inf) -> list[tuple[float, float]]:
    """(seconds of vCPU, seconds of active memory) of each activation: rounded up, vCPU at least 60.

    What lies beyond `until_s` is left out.

    ASSUMPTION: an activation within the minute already paid for by the one before continues it, so that minimums never
    overlap. Settled by a bill of a service with two short requests half a minute apart.
    ASSUMPTION: the minimum is of vCPU alone, as the page words it; memory is billed by the second. The two memory rates
    are equal in every known region, so only the split between the lines depends on it.
    """
    billed: list[tuple[float, float]] = []
    for begin_s, end_s in _continued(spells):
        seconds = _whole_seconds(end_s - begin_s)
        left_s = max(0.0, until_s - begin_s)
        billed.append((min(left_s, max(ACTIVATION_S_MIN, seconds)), min(left_s, seconds)))
    return billed


def _metered_instance(usage: Usage, until_s: float) -> Metered:
    provisioned_s = min(_whole_seconds(usage.provisioned_s), max(0.0, until_s - usage.launched_s))
    billed = billed_spells_s(usage.spells, until_s)
    # Rounding every spell up can exceed the life of the instance; memory is never billed for longer than it was held.
    memory_s = min(provisioned_s, sum(active_s for _, active_s in billed))
    return Metered(
        vcpu_hours=sum(vcpu_s for vcpu_s, _ in billed) * usage.size.vcpu / SECONDS_PER_HOUR,
        gb_hours_provisioned=(provisioned_s - memory_s) * usage.size.memory_gb / SECONDS_PER_HOUR,
        gb_hours_active=memory_s * usage.size.memory_gb / SECONDS_PER_HOUR,
    )


def _continued(spells: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spells that begin before the paid time of the one before has run out are joined to it."""
    joined: list[tuple[float, float]] = []
    for begin_s, end_s in spells:
        assert end_s >= begin_s, f"spell = ({begin_s}, {end_s}), must not end before it begins"
        if joined:
            first_s, last_s = joined[-1]
            if begin_s < first_s + max(ACTIVATION_S_MIN, _whole_seconds(last_s - first_s)):
                joined[-1] = (first_s, max(last_s, end_s))
                continue
        joined.append((begin_s, end_s))
    return joined


def _whole_seconds(duration_s: float) -> int:
    return max(0, math.ceil(duration_s - _NOISE_S))
