"""App Runner's charges: metering rules, and the bill of a run and of a month (rates: region_prices.py). Pure functions.

Source: https://aws.amazon.com/apprunner/pricing/ and the AWS price list (facts 13). The rules:

- Memory is billed for as long as an instance is provisioned. While an instance is active, *active* memory replaces its
  provisioned memory; it is not added.
- vCPU is billed while an instance is active, which begins with its start: a starting container has its CPU.
- Seconds are rounded up. Each activation (a start, or a request that activates an idle instance) costs at least 60 s of
  vCPU.
- Load balancer, TLS and requests are free. Automatic deployments cost a fixed amount per application and month.

The bill of a run contains every minimum in full, as a real bill would. The bill of a month scales the metered rate: the
part of a minimum or of a rounding beyond the end of the run belongs to no second of the run and is cut off (`until_s`).
So a run of 12 s with one active instance has the same month as a run of 10 min with one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from simulator.model.sizes import InstanceSize

HOURS_PER_MONTH: Final = 730.0  # 365 x 24 / 12, as the AWS calculator counts
SECONDS_PER_HOUR: Final = 3600.0
ACTIVATION_S_MIN: Final = 60

# 0.1 + 0.2 = 0.30000000000000004 s must be billed like 0.3 s: excesses below a microsecond are rounding errors.
_NOISE_S: Final = 1e-6


class Rates(NamedTuple):
    """Rates in USD: per GB-hour of provisioned memory, per vCPU-hour and GB-hour of active instances, and two flat
    charges.
    """

    provisioned_gb_hour: float
    active_vcpu_hour: float
    active_gb_hour: float
    deployments_month: float = 1.0
    build_minute: float = 0.005


class InstanceUsage(NamedTuple):
    """The usage of one instance: seconds from launch to stop, and its activations as (begin_s, end_s).

    Activations are ascending and disjoint. `launched_s` is the time of the launch on the same clock.
    """

    provisioned_s: float
    activations: Sequence[tuple[float, float]]
    size: InstanceSize
    launched_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Metered:
    """Billed amounts. `gb_hours_provisioned` excludes the time in which active memory replaces it."""

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


class BillLine(NamedTuple):
    """A line of a bill: a quantity of an item at a rate in USD."""

    item: str
    quantity: float
    unit: str
    rate_usd: float

    @property
    def usd(self) -> float:
        return self.quantity * self.rate_usd


class Bill(NamedTuple):
    """The lines of a bill in a fixed order, not rounded to cents. `free` has the (positive) amounts that a free tier
    covers.
    """

    lines: tuple[BillLine, ...]
    free: tuple[BillLine, ...] = ()

    @property
    def usd(self) -> float:
        """The sum of the lines, before the free tier is subtracted."""
        return math.fsum(line.usd for line in self.lines)

    @property
    def free_usd(self) -> float:
        return math.fsum(line.usd for line in self.free)


def metered(
    usages: Iterable[InstanceUsage],
    *,
    deployment_months: float = 0.0,
    build_minutes: float = 0.0,
    until_s: float = math.inf,
) -> Metered:
    """Return the billed amounts of the instances of one service, without the parts of minimums and roundings after
    `until_s`.
    """
    total = Metered(deployment_months=deployment_months, build_minutes=build_minutes)
    for usage in usages:
        total += _metered_instance(usage, until_s)
    return total


def bill(amounts: Metered, rates: Rates) -> Bill:
    """Return the bill of metered amounts at these rates. The order of its lines is fixed."""
    return Bill(
        (
            BillLine("active vCPU", amounts.vcpu_hours, "vCPU-hour", rates.active_vcpu_hour),
            BillLine("active memory", amounts.gb_hours_active, "GB-hour", rates.active_gb_hour),
            BillLine("provisioned memory", amounts.gb_hours_provisioned, "GB-hour", rates.provisioned_gb_hour),
            BillLine("automatic deployments", amounts.deployment_months, "month", rates.deployments_month),
            BillLine("builds", amounts.build_minutes, "minute", rates.build_minute),
        )
    )


def per_month(amounts: Metered, run_s: float, *, automatic_deployments: bool = False) -> Metered:
    """Scale the amounts of a run of `run_s` seconds, metered until `run_s`, to a month of 730 hours at this traffic.

    Compute is scaled in proportion, so a start in a short run is charged to the month many times. Builds depend on
    deployments and not on time: they are left out.

    Raises:
        ValueError: if `run_s` is not positive.
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
    """Return the USD per month as in the pricing page's examples: a day is rounded to cents, then multiplied."""
    cents = Decimal(repr(usd_per_day)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return float(cents * days)


def billed_activations_s(
    activations: Sequence[tuple[float, float]], until_s: float = math.inf
) -> list[tuple[float, float]]:
    """Return (seconds of vCPU, seconds of active memory) of each activation: rounded up, vCPU at least 60.

    The parts beyond `until_s` are left out.

    ASSUMPTION: an activation within the minute already paid for by the previous one continues it, so minimums never
    overlap. A bill of a service with two short requests half a minute apart settles it.
    ASSUMPTION: the minimum applies to vCPU only, as the page says; memory is billed by the second. The two memory rates
    are equal in every known Region, so only the division between the lines depends on it.
    """
    billed: list[tuple[float, float]] = []
    for begin_s, end_s in _continued(activations):
        seconds = _whole_seconds(end_s - begin_s)
        left_s = max(0.0, until_s - begin_s)
        billed.append((min(left_s, max(ACTIVATION_S_MIN, seconds)), min(left_s, seconds)))
    return billed


def _metered_instance(usage: InstanceUsage, until_s: float) -> Metered:
    provisioned_s = min(_whole_seconds(usage.provisioned_s), max(0.0, until_s - usage.launched_s))
    billed = billed_activations_s(usage.activations, until_s)
    # Rounding up every activation can exceed the instance's lifetime; memory is billed at most for that lifetime.
    memory_s = min(provisioned_s, sum(active_s for _, active_s in billed))
    return Metered(
        vcpu_hours=sum(vcpu_s for vcpu_s, _ in billed) * usage.size.vcpu / SECONDS_PER_HOUR,
        gb_hours_provisioned=(provisioned_s - memory_s) * usage.size.memory_gb / SECONDS_PER_HOUR,
        gb_hours_active=memory_s * usage.size.memory_gb / SECONDS_PER_HOUR,
    )


def _continued(activations: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join activations that begin before the paid time of the previous one has ended to that one."""
    joined: list[tuple[float, float]] = []
    for begin_s, end_s in activations:
        assert end_s >= begin_s, f"activation = ({begin_s}, {end_s}), must not end before it begins"
        if joined:
            first_s, last_s = joined[-1]
            if begin_s < first_s + max(ACTIVATION_S_MIN, _whole_seconds(last_s - first_s)):
                joined[-1] = (first_s, max(last_s, end_s))
                continue
        joined.append((begin_s, end_s))
    return joined


def _whole_seconds(duration_s: float) -> int:
    return max(0, math.ceil(duration_s - _NOISE_S))
