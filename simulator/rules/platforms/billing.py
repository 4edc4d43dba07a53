"""Charges of platforms other than App Runner: price lists, and the bill of a service's usage. Pure functions.

Platforms differ less in their rates than in what they meter:

    app-runner    memory while provisioned, vCPU while active (rules/pricing.py)
    provisioned   vCPU and memory from launch to stop (Fargate, Azure Container Apps, Cloud Run by instance)
    busy          vCPU and memory while an instance starts or has a request (Lambda, Cloud Run by request)
    sizes         the size of an instance, at its own price, from launch to stop (Fly, Heroku)
    nodes         machines, whether anything runs on them or not (a self-managed cluster)

They also differ in other items: a lower rate for idle instances within the minimum, a price per million requests, a
load balancer by the hour and by capacity units, public addresses, and a free tier. A request that the platform rejected
reached no instance; only the load balancer charges it. Discounts for commitments, traffic and logs are not included.

The bill of a run contains its minimums in full and no free tier. The bill of a month scales the metered rate to 730
hours (pricing.py: the part of a minimum beyond the run's end is cut off). It shows the amounts that the free tier
covers separately, because the free tier belongs to an account, not to a service.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, assert_never

from simulator.model.sizes import InstanceSize
from simulator.rules.platforms.idle_time import idle_at_minimum_s, kept_idle_s
from simulator.rules.platforms.sizing.sizes import ANY_SIZE, SizeOffer
from simulator.rules.pricing import (
    HOURS_PER_MONTH,
    SECONDS_PER_HOUR,
    Bill,
    BillLine,
    InstanceUsage,
    Rates,
    bill,
    metered,
)

_MILLION: Final = 1e6
_KB_PER_GB: Final = 1e6
_LCU_CONNECTIONS_PER_S: Final = 25  # facts, ECS Express 6
# Rounding errors below this share of a step do not count as another step.
_NOISE: Final = 1e-6


class Metering(StrEnum):
    """What a platform meters; the module's docstring describes each value."""

    APP_RUNNER = "app-runner"
    PROVISIONED = "provisioned"
    BUSY = "busy"
    SIZES = "sizes"
    NODES = "nodes"


class Node(NamedTuple):
    """A machine of a cluster: its size, and its price in USD per hour."""

    name: str
    vcpu: float
    memory_gb: float
    usd_hour: float


class FreeTier(NamedTuple):
    """The amounts that an account gets free of charge each month."""

    vcpu_s: float = 0.0
    gb_s: float = 0.0
    requests: float = 0.0


class LoadBalancer(NamedTuple):
    """The costs of a load balancer in addition to its hourly price: capacity units and public addresses.

    One capacity unit (LCU) is 25 new connections per second or 1 GB per hour, whichever gives more units. Its other
    dimensions matter only for connections that last for minutes, or for dozens of rules. `request_kb` is the size of a
    request and its response in kilobytes.
    """

    usd_lcu_hour: float = 0.0
    addresses: int = 0
    requests_per_connection: float = 1.0
    request_kb: float = 10.0

    def lcu_hours(self, requests: float) -> float:
        connections = requests / self.requests_per_connection / (_LCU_CONNECTIONS_PER_S * SECONDS_PER_HOUR)
        return max(connections, requests * self.request_kb / _KB_PER_GB)


@dataclass(frozen=True, slots=True)
class PriceList:
    """Rates in USD. `as_of` is the date of the source or of the copy that was read.

    `vcpu_hour` and `gb_hour` are for metered time. Each metered period is rounded up to a multiple of `step_s`, and
    billed with at least `least_s`. `idle_vcpu_hour` and `idle_gb_hour` are for idle instances within the minimum
    (idle_time.py), None without such a rate; with App Runner's metering the latter is the rate of provisioned memory.
    `fixed_hour` is the price of the service's load balancer, `address_hour` that of a public IPv4 address; each
    instance has `instance_addresses` of them, in addition to those of the balancer. `sizes` has the prices of sizes;
    with them `gb_hour` is for additional memory, and `stopped_hour` for each of MaxSize instances while it does not
    run. `min_size` is the number of instances that the platform is configured to keep; None takes the preset's value.
    `nodes` is the number of machines; None takes as many as MaxSize instances need.

    Raises:
        ValueError: if a number is out of range, or if nodes are metered and `node` is None.
    """

    metering: Metering
    region: str
    as_of: str
    source: str
    vcpu_hour: float = 0.0
    gb_hour: float = 0.0
    idle_vcpu_hour: float | None = None
    idle_gb_hour: float | None = None
    million_requests: float = 0.0
    fixed_hour: float = 0.0
    balancer: LoadBalancer = field(default_factory=LoadBalancer)
    address_hour: float = 0.0
    instance_addresses: int = 0
    step_s: float = 1.0
    least_s: float = 0.0
    free: FreeTier = field(default_factory=FreeTier)
    sizes: SizeOffer = ANY_SIZE
    stopped_hour: float = 0.0
    min_size: int | None = None
    node: Node | None = None
    nodes: int | None = None

    def __post_init__(self) -> None:
        for name, value in self._amounts():
            if not 0 <= value < math.inf:
                msg = f"{name} = {value}, must be at least 0 and finite"
                raise ValueError(msg)
        if not 0 < self.step_s < math.inf:
            msg = f"step_s = {self.step_s}, must be above 0 and finite"
            raise ValueError(msg)
        if not self.balancer.requests_per_connection > 0:
            msg = f"requests_per_connection = {self.balancer.requests_per_connection}, must be above 0"
            raise ValueError(msg)
        if self.metering is Metering.NODES and self.node is None:
            msg = "node = none, must be given when nodes are metered"
            raise ValueError(msg)
        if self.nodes is not None and self.nodes < 1:
            msg = f"nodes = {self.nodes}, must be at least 1"
            raise ValueError(msg)

    def _amounts(self) -> Iterator[tuple[str, float]]:
        """Yield all amounts that must not be negative, with their names in a price file."""
        own = (
            "vcpu_hour",
            "gb_hour",
            "idle_vcpu_hour",
            "idle_gb_hour",
            "million_requests",
            "fixed_hour",
            "address_hour",
            "stopped_hour",
        )
        yield from ((name, getattr(self, name) or 0.0) for name in (*own, "instance_addresses", "least_s", "min_size"))
        yield from ((f"free.{name}", getattr(self.free, name)) for name in ("vcpu_s", "gb_s", "requests"))
        names = ("usd_lcu_hour", "addresses", "requests_per_connection", "request_kb")
        yield from ((f"balancer.{name}", getattr(self.balancer, name)) for name in names)


class Consumption(NamedTuple):
    """The usage of a service in a run of `run_s` seconds: its instances, its requests and its configured sizes.

    `rejected`: the number of `requests` to which the platform itself responded with 429.
    """

    usages: Sequence[InstanceUsage]
    size: InstanceSize
    max_size: int
    requests: int
    run_s: float
    min_size: int = 0
    rejected: int = 0


def consumed_bill(consumption: Consumption, prices: PriceList) -> Bill:
    """Return the bill of the run. The order of its lines is fixed."""
    return Bill(_lines(consumption, prices, math.inf))


def month_bill(consumption: Consumption, prices: PriceList) -> Bill:
    """Return the bill of a month of 730 hours at the traffic of the run, with the amounts that the free tier covers.

    Raises:
        ValueError: if the run has no duration.
    """
    if not consumption.run_s > 0:
        msg = f"run_s = {consumption.run_s}, must be positive"
        raise ValueError(msg)
    factor = HOURS_PER_MONTH * SECONDS_PER_HOUR / consumption.run_s
    lines = tuple(
        line._replace(quantity=line.quantity * factor) for line in _lines(consumption, prices, consumption.run_s)
    )
    return Bill(lines, tuple(_free_lines(lines, prices.free)))


def _free_lines(lines: Sequence[BillLine], free: FreeTier) -> Iterator[BillLine]:
    """Yield the lines for the amounts that the free tier covers.

    ASSUMPTION: idle time at its lower rate uses none of the free tier. The bill of a small service settles it.
    """
    amounts = {
        "vCPU": free.vcpu_s / SECONDS_PER_HOUR,
        "memory": free.gb_s / SECONDS_PER_HOUR,
        "requests": free.requests / _MILLION,
    }
    for line in lines:
        covered = min(line.quantity, amounts.get(line.item, 0.0))
        if covered > 0:
            yield line._replace(item=f"free {line.item}", quantity=covered)


def _lines(consumption: Consumption, prices: PriceList, until_s: float) -> tuple[BillLine, ...]:
    """Return the lines without the parts of minimums and roundings beyond `until_s`. Items with rate 0 are omitted."""
    match prices.metering:
        case Metering.APP_RUNNER:
            rates = Rates(prices.idle_gb_hour or 0.0, prices.vcpu_hour, prices.gb_hour)
            compute = bill(metered(consumption.usages, until_s=until_s), rates).lines[:3]
        case Metering.NODES:
            compute = (_nodes_line(consumption, prices),)
        case Metering.SIZES:
            compute = _sized_lines(consumption, prices, until_s)
        case Metering.PROVISIONED | Metering.BUSY:
            compute = _metered_lines(consumption, prices, until_s)
        case _:
            assert_never(prices.metering)
    reached = consumption.requests - consumption.rejected
    balancer, run_hours = prices.balancer, consumption.run_s / SECONDS_PER_HOUR
    others = [
        BillLine("requests", reached / _MILLION, "million", prices.million_requests),
        BillLine("load balancer", run_hours, "hour", prices.fixed_hour),
        BillLine("load balancer capacity", balancer.lcu_hours(consumption.requests), "LCU-hour", balancer.usd_lcu_hour),
        BillLine("public IPv4 of the balancer", run_hours * balancer.addresses, "address-hour", prices.address_hour),
    ]
    if prices.instance_addresses:
        hours = prices.instance_addresses * _metered_hours(consumption, prices, until_s)
        others.append(BillLine("public IPv4 of instances", hours, "address-hour", prices.address_hour))
    return tuple(line for line in (*compute, *others) if line.rate_usd > 0)


def nodes_of(prices: PriceList, size: InstanceSize, max_size: int) -> int:
    """Return the number of machines: as configured, or as many as MaxSize instances of this size need.

    ASSUMPTION: the instances can use all of a machine. The share that Kubernetes and the service mesh need (about a
    tenth) depends on the cluster; `kubectl describe node` shows the allocatable share.

    Raises:
        ValueError: if an instance does not fit on a machine.
    """
    assert prices.node is not None, "a price list of nodes has one"
    fitting = min(int(prices.node.vcpu / size.vcpu), int(prices.node.memory_gb / size.memory_gb))
    if fitting < 1:
        msg = f"node = {prices.node.name}, must be large enough for an instance of {size}"
        raise ValueError(msg)
    return prices.nodes if prices.nodes is not None else math.ceil(max_size / fitting)


def _nodes_line(consumption: Consumption, prices: PriceList) -> BillLine:
    assert prices.node is not None, "a price list of nodes has one"
    count = nodes_of(prices, consumption.size, consumption.max_size)
    return BillLine(prices.node.name, count * consumption.run_s / SECONDS_PER_HOUR, "node-hour", prices.node.usd_hour)


def _sized_lines(consumption: Consumption, prices: PriceList, until_s: float) -> tuple[BillLine, ...]:
    """Return the lines of instances whose size has a price of its own.

    Raises:
        ValueError: if the size has no price.
    """
    rule = prices.sizes.priced(consumption.size)
    if rule is None or rule.usd_hour is None:
        msg = f"size = {consumption.size}, must be one with a price"
        raise ValueError(msg)
    hours = _metered_hours(consumption, prices, until_s)
    stopped = max(0.0, consumption.max_size * consumption.run_s / SECONDS_PER_HOUR - hours)
    return (
        BillLine(rule.name, hours, "instance-hour", rule.usd_hour),
        BillLine("additional memory", hours * rule.more_gb(consumption.size), "GB-hour", prices.gb_hour),
        BillLine("stopped instances", stopped, "instance-hour", prices.stopped_hour),
    )


def _metered_lines(consumption: Consumption, prices: PriceList, until_s: float) -> tuple[BillLine, ...]:
    size = consumption.size
    hours = _metered_hours(consumption, prices, until_s)
    idle = 0.0
    if prices.idle_vcpu_hour is not None and consumption.min_size > 0:
        # Provisioned time includes idle seconds; busy time does not, so they are added.
        if prices.metering is Metering.PROVISIONED:
            idle = idle_at_minimum_s(consumption.usages, consumption.min_size) / SECONDS_PER_HOUR
            hours = max(0.0, hours - idle)
        else:
            idle = kept_idle_s(consumption.usages, consumption.min_size) / SECONDS_PER_HOUR
    lines = (
        BillLine("vCPU", hours * size.vcpu, "vCPU-hour", prices.vcpu_hour),
        BillLine("memory", hours * size.memory_gb, "GB-hour", prices.gb_hour),
    )
    if not idle:
        return lines
    return (
        *lines,
        BillLine("idle vCPU", idle * size.vcpu, "vCPU-hour", prices.idle_vcpu_hour or 0.0),
        BillLine("idle memory", idle * size.memory_gb, "GB-hour", prices.idle_gb_hour or 0.0),
    )


def _metered_hours(consumption: Consumption, prices: PriceList, until_s: float) -> float:
    """Return the instance-hours of all metered periods, each rounded up and cut off at `until_s`."""
    return math.fsum(_billed_s(usage, prices, until_s) for usage in consumption.usages) / SECONDS_PER_HOUR


def _billed_s(usage: InstanceUsage, prices: PriceList, until_s: float) -> float:
    stretches = usage.activations
    if prices.metering in {Metering.PROVISIONED, Metering.SIZES}:
        stretches = [(usage.launched_s, usage.launched_s + usage.provisioned_s)]
    return math.fsum(
        min(_rounded_up(end_s - begin_s, prices), max(0.0, until_s - begin_s)) for begin_s, end_s in stretches
    )


def _rounded_up(stretch_s: float, prices: PriceList) -> float:
    steps = max(0, math.ceil(stretch_s / prices.step_s - _NOISE))
    return max(prices.least_s, steps * prices.step_s)
