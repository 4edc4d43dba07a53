"""What other platforms than App Runner charge: price lists, and the bill for what a service has consumed. Pure.

Platforms differ less in their rates than in what they meter:

    app-runner    memory while provisioned, vCPU while active (rules/pricing.py)
    provisioned   vCPU and memory from launch to stop (Fargate, Azure Container Apps)
    busy          vCPU and memory while an instance starts or has a request (Lambda, Cloud Run)
    nodes         machines, whether anything runs on them or not (a cluster of one's own)

and in flat items: requests by the million, a load balancer by the hour. Free tiers, discounts for commitment, traffic
and logs are left out everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from simulator.model.sizes import InstanceSize
from simulator.rules.pricing import SECONDS_PER_HOUR, Bill, Line, Rates, Usage, bill, metered

_MILLION: Final = 1e6
# What rounding to a step must not mistake for another step.
_NOISE: Final = 1e-6


class Metering(StrEnum):
    APP_RUNNER = "app-runner"
    PROVISIONED = "provisioned"
    BUSY = "busy"
    NODES = "nodes"


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of a cluster: its size, and USD an hour."""

    name: str
    vcpu: float
    memory_gb: float
    usd_hour: float


@dataclass(frozen=True, slots=True)
class PriceList:
    """Rates in USD. `as_of` is the date of what was read (or of the copy), `source` where it stands.

    `vcpu_hour` and `gb_hour` are for metered time; `step_s` is what each stretch of it is rounded up to, `least_s` the
    least that a stretch costs. With App Runner's metering `idle_gb_hour` is the rate of provisioned memory. `nodes`:
    how many machines there are; None takes as many as MaxSize instances need.

    Raises:
        ValueError: when a number is out of range, or nodes are metered and no node is told.
    """

    metering: Metering
    region: str
    as_of: str
    source: str
    vcpu_hour: float = 0.0
    gb_hour: float = 0.0
    idle_gb_hour: float = 0.0
    million_requests: float = 0.0
    fixed_hour: float = 0.0
    step_s: float = 1.0
    least_s: float = 0.0
    node: Node | None = None
    nodes: int | None = None

    def __post_init__(self) -> None:
        for name in ("vcpu_hour", "gb_hour", "idle_gb_hour", "million_requests", "fixed_hour", "least_s"):
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                msg = f"{name} = {value}, must be at least 0 and finite"
                raise ValueError(msg)
        if not 0 < self.step_s < math.inf:
            msg = f"step_s = {self.step_s}, must be above 0 and finite"
            raise ValueError(msg)
        if self.metering is Metering.NODES and self.node is None:
            msg = "node = none, must be told where machines are metered"
            raise ValueError(msg)
        if self.nodes is not None and self.nodes < 1:
            msg = f"nodes = {self.nodes}, must be at least 1"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Consumption:
    """What a service used in a run of `run_s` seconds: every instance, all requests, and the size it may grow to."""

    usages: Sequence[Usage]
    size: InstanceSize
    max_size: int
    requests: int
    run_s: float


def consumed_bill(consumption: Consumption, prices: PriceList) -> Bill:
    """The bill of the run; lines in a fixed order."""
    match prices.metering:
        case Metering.APP_RUNNER:
            rates = Rates(prices.idle_gb_hour, prices.vcpu_hour, prices.gb_hour)
            compute = bill(metered(consumption.usages), rates).lines[:3]
        case Metering.NODES:
            compute = (_nodes_line(consumption, prices),)
        case Metering.PROVISIONED | Metering.BUSY:
            compute = _metered_lines(consumption, prices)
    hours = consumption.run_s / SECONDS_PER_HOUR
    return Bill(
        (
            *compute,
            Line("requests", consumption.requests / _MILLION, "million", prices.million_requests),
            Line("load balancer", hours, "hour", prices.fixed_hour),
        )
    )


def nodes_of(prices: PriceList, size: InstanceSize, max_size: int) -> int:
    """How many machines stand there: as told, or as many as MaxSize instances of this size need.

    ASSUMPTION: all of a machine is the instances': what Kubernetes and the mesh take of it (a tenth, about) depends on
    the cluster. `kubectl describe node` tells the allocatable share.

    Raises:
        ValueError: when an instance does not fit on a machine.
    """
    assert prices.node is not None, "a price list of nodes has one"
    fitting = min(int(prices.node.vcpu / size.vcpu), int(prices.node.memory_gb / size.memory_gb))
    if fitting < 1:
        msg = f"node = {prices.node.name}, must be large enough for an instance of {size}"
        raise ValueError(msg)
    return prices.nodes if prices.nodes is not None else math.ceil(max_size / fitting)


def _nodes_line(consumption: Consumption, prices: PriceList) -> Line:
    assert prices.node is not None, "a price list of nodes has one"
    count = nodes_of(prices, consumption.size, consumption.max_size)
    return Line(prices.node.name, count * consumption.run_s / SECONDS_PER_HOUR, "node-hour", prices.node.usd_hour)


def _metered_lines(consumption: Consumption, prices: PriceList) -> tuple[Line, ...]:
    size = consumption.size
    hours = math.fsum(_billed_s(usage, prices) for usage in consumption.usages) / SECONDS_PER_HOUR
    return (
        Line("vCPU", hours * size.vcpu, "vCPU-hour", prices.vcpu_hour),
        Line("memory", hours * size.memory_gb, "GB-hour", prices.gb_hour),
    )


def _billed_s(usage: Usage, prices: PriceList) -> float:
    if prices.metering is Metering.PROVISIONED:
        stretches = [usage.provisioned_s]
    else:
        stretches = [end_s - begin_s for begin_s, end_s in usage.spells]
    return math.fsum(_rounded_up(stretch_s, prices) for stretch_s in stretches)


def _rounded_up(stretch_s: float, prices: PriceList) -> float:
    steps = max(0, math.ceil(stretch_s / prices.step_s - _NOISE))
    return max(prices.least_s, steps * prices.step_s)
