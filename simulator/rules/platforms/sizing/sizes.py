"""Instance sizes that a platform offers, as rules, and the offered size that a service is moved to. Pure functions.

Platforms sell CPU and memory in different ways: in pairs (App Runner, Fargate), as named machines (Heroku), in steps
within a range that depends on the other value (Cloud Run, Fly), or one of the two determines the other (Lambda,
Container Apps). `SizeOffer` contains one rule for each of these parts.

A service is moved to the nearest size that is at least as large, in CPU and in memory: the application was measured
with what it has, so a smaller size could run out of memory. Of several such sizes it is the one with the least CPU, and
of these the one with the least memory. If all sizes are smaller in one of the two, it is the largest one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, assert_never

from simulator.model.sizes import CPU_UNITS_PER_VCPU, MB_PER_GB, InstanceSize
from simulator.model.text.problems import one_of


class Steps(NamedTuple):
    """The whole numbers from `least` to `most` in steps of `step`. `most` is one of them."""

    least: int
    most: int
    step: int = 1

    def at_least(self, wanted: int) -> int | None:
        """Return the smallest number that is not below `wanted`; None if there is none."""
        if wanted > self.most:
            return None
        return self.least + max(0, math.ceil((wanted - self.least) / self.step)) * self.step

    def text(self, scale: int, unit: str) -> str:
        """Return the range in words, such as `0.5 to 4 vCPU in steps of 0.25 vCPU`."""
        if self.least == self.most:
            return f"{_number(self.least, scale)} {unit}"
        if self.least + self.step == self.most:
            return f"{_number(self.least, scale)} or {_number(self.most, scale)} {unit}"
        ends = f"{_number(self.least, scale)} to {_number(self.most, scale)} {unit}"
        if self.step == 1:
            return ends
        fine = self.step < MB_PER_GB and unit == "GB"
        return f"{ends} in steps of {f'{self.step} MB' if fine else f'{_number(self.step, scale)} {unit}'}"


def exactly(value: int) -> Steps:
    """Return the range that has one number."""
    return Steps(value, value)


@dataclass(frozen=True, slots=True)
class SizeRange:
    """Each CPU of a range with each memory of another. CPU in units (1024 = 1 vCPU), memory in MB.

    `name`: the platform's name of the size. `cores`: the processors that an instance sees; None: as the platform's
    `CpuThrottling` says. `max_concurrency`: the highest number of concurrent requests of an instance
    with this size; None if it does not depend on the size. `usd_hour`: the price of an hour, for sizes with a price of
    their own; it includes the least memory of the range. None: the price list's rates of vCPU and memory apply.
    """

    cpu_units: Steps
    memory_mb: Steps
    name: str = ""
    cores: int | None = None
    max_concurrency: int | None = None
    usd_hour: float | None = None

    def more_gb(self, size: InstanceSize) -> float:
        """Return the memory of a size beyond the least of the range, which `usd_hour` includes."""
        return (size.memory_mb - self.memory_mb.least) / MB_PER_GB

    def __str__(self) -> str:
        sizes = f"{self.cpu_units.text(CPU_UNITS_PER_VCPU, 'vCPU')} with {self.memory_mb.text(MB_PER_GB, 'GB')}"
        most = f", MaxConcurrency {self.max_concurrency} at most" if self.max_concurrency is not None else ""
        price = f", {self.usd_hour:.3g} USD an hour" if self.usd_hour is not None else ""
        return f"{self.name}: {sizes}{most}{price}" if self.name else f"{sizes}{most}{price}"


@dataclass(frozen=True, slots=True)
class CpuOfMemory:
    """Memory of a range; the CPU is in proportion to it, with one vCPU for `mb_per_vcpu`."""

    memory_mb: Steps
    mb_per_vcpu: int

    def __str__(self) -> str:
        return f"{self.memory_mb.text(1, 'MB')}, with one vCPU for each {self.mb_per_vcpu} MB"


@dataclass(frozen=True, slots=True)
class MemoryOfCpu:
    """CPU of a range; the memory is in proportion to it, with `mb_per_vcpu` for one vCPU."""

    cpu_units: Steps
    mb_per_vcpu: int

    def __str__(self) -> str:
        return (
            f"{self.cpu_units.text(CPU_UNITS_PER_VCPU, 'vCPU')}, with {self.mb_per_vcpu / MB_PER_GB:g} GB for each vCPU"
        )


SizeRule = SizeRange | CpuOfMemory | MemoryOfCpu
"""A part of an offer. Each `match` over them ends with `assert_never`."""


class OfferedSize(NamedTuple):
    """A size of an offer. `name`: the platform's name of it. `is_smaller`: no offered size has as much as was asked.

    `cores`: the processors that an instance sees, if the size determines them.
    """

    size: InstanceSize
    name: str = ""
    cores: int | None = None
    is_smaller: bool = False

    def __str__(self) -> str:
        return f"{self.size} ({self.name})" if self.name else str(self.size)


@dataclass(frozen=True, slots=True)
class SizeOffer:
    """The sizes of a platform; without rules it offers any size (machines of one's own). `source`: where to read it."""

    rules: Sequence[SizeRule] = ()
    source: str = ""

    def nearest(self, asked: InstanceSize, max_concurrency: int = 1) -> OfferedSize:
        """Return the smallest offered size with at least this CPU and memory, or the largest one if all have less.

        Sizes that allow fewer than `max_concurrency` concurrent requests are left out.
        """
        if not self.rules:
            return OfferedSize(asked)
        rules = [rule for rule in self.rules if _allows(rule, max_concurrency)]
        assert rules, "an offer has a size for any number of concurrent requests"
        found = [(_at_least(rule, asked), rule) for rule in rules]
        fitting = [OfferedSize(size, *_named(rule)) for size, rule in found if size is not None]
        if fitting:
            return min(fitting, key=_order)
        return max((OfferedSize(_largest(rule), *_named(rule), is_smaller=True) for rule in rules), key=_order)

    def has(self, size: InstanceSize) -> bool:
        """Return True if the platform offers exactly this size."""
        return self.nearest(size).size == size

    def with_prices(self, usd_hours: Mapping[str, float]) -> SizeOffer:
        """Return the same offer with other prices of named sizes.

        Raises:
            ValueError: if a name is unknown, or a price negative or not finite.
        """
        names = [rule.name for rule in self.rules if isinstance(rule, SizeRange) and rule.name]
        for name in usd_hours:
            if name not in names:
                msg = f"sizes = {name!r}, must be {one_of(name, names) if names else 'left out'}"
                raise ValueError(msg)
            if not 0 <= usd_hours[name] < math.inf:
                msg = f"sizes.{name} = {usd_hours[name]:g}, must be at least 0 and finite"
                raise ValueError(msg)
        return replace(
            self,
            rules=tuple(
                replace(rule, usd_hour=usd_hours.get(rule.name, rule.usd_hour)) if isinstance(rule, SizeRange) else rule
                for rule in self.rules
            ),
        )

    def priced(self, size: InstanceSize) -> SizeRange | None:
        """Return the rule that has a price of its own for this size; None without one."""
        for rule in self.rules:
            if isinstance(rule, SizeRange) and rule.usd_hour is not None and _at_least(rule, size) == size:
                return rule
        return None

    def __str__(self) -> str:
        return "; ".join(map(str, self.rules)) if self.rules else "any size"


ANY_SIZE: Final = SizeOffer()


class CpuThrottling(NamedTuple):
    """How a platform gives less than whole processors: as a quota of CPU time in each period.

    `period_s`: the length of a period. `cores`: the processors that an instance sees, unless its size determines them.
    """

    # The kernel's, the container engines' and Kubernetes' default (cpu.max; facts validation-2 V10 agrees with it).
    period_s: float = 0.1
    # ASSUMPTION: an instance with less than two vCPUs sees two processors; `nproc` in an instance settles it.
    cores: int = 2

    def __str__(self) -> str:
        return f"a quota of CPU time in each {self.period_s * 1000:g} ms"

    def binds(self, vcpu: float, max_concurrency: int) -> bool:
        """Return True if the quota can stop requests, each of which uses one processor at most.

        With whole vCPUs the instance has as many processors, and requests share them as they would anyway.
        """
        return vcpu % 1 != 0 and vcpu < max_concurrency


def pairs(memory_mb_by_cpu: Mapping[int, Sequence[Steps]], source: str) -> SizeOffer:
    """Return an offer of pairs: CPU units to the memories in MB that this CPU may have."""
    return SizeOffer(
        tuple(
            SizeRange(exactly(cpu_units), memory_mb)
            for cpu_units, memories in memory_mb_by_cpu.items()
            for memory_mb in memories
        ),
        source,
    )


def _order(offered: OfferedSize) -> tuple[int, int]:
    return offered.size.cpu_units, offered.size.memory_mb


def _named(rule: SizeRule) -> tuple[str, int | None]:
    """Return (name, cores)."""
    return (rule.name, rule.cores) if isinstance(rule, SizeRange) else ("", None)


def _allows(rule: SizeRule, max_concurrency: int) -> bool:
    most = rule.max_concurrency if isinstance(rule, SizeRange) else None
    return most is None or max_concurrency <= most


def _at_least(rule: SizeRule, asked: InstanceSize) -> InstanceSize | None:
    """Return the smallest size of the rule with at least this CPU and memory; None if it has none."""
    match rule:
        case SizeRange():
            cpu_units = rule.cpu_units.at_least(asked.cpu_units)
            memory_mb = rule.memory_mb.at_least(asked.memory_mb)
        case CpuOfMemory():
            # The least memory whose CPU in whole units is enough.
            for_cpu = math.ceil((asked.cpu_units - 0.5) * rule.mb_per_vcpu / CPU_UNITS_PER_VCPU)
            memory_mb = rule.memory_mb.at_least(max(asked.memory_mb, for_cpu))
            cpu_units = None if memory_mb is None else _cpu_of(memory_mb, rule)
        case MemoryOfCpu():
            for_memory = math.ceil(asked.memory_mb * CPU_UNITS_PER_VCPU / rule.mb_per_vcpu)
            cpu_units = rule.cpu_units.at_least(max(asked.cpu_units, for_memory))
            memory_mb = None if cpu_units is None else _memory_of(cpu_units, rule)
        case _:
            assert_never(rule)
    return None if cpu_units is None or memory_mb is None else InstanceSize(cpu_units, memory_mb)


def _largest(rule: SizeRule) -> InstanceSize:
    match rule:
        case SizeRange():
            return InstanceSize(rule.cpu_units.most, rule.memory_mb.most)
        case CpuOfMemory():
            return InstanceSize(_cpu_of(rule.memory_mb.most, rule), rule.memory_mb.most)
        case MemoryOfCpu():
            return InstanceSize(rule.cpu_units.most, _memory_of(rule.cpu_units.most, rule))
        case _:
            assert_never(rule)


def _cpu_of(memory_mb: int, rule: CpuOfMemory) -> int:
    """Return the CPU in whole units: at 128 MB, the smallest size, the rounding is 0.1 %."""
    return round(memory_mb * CPU_UNITS_PER_VCPU / rule.mb_per_vcpu)


def _memory_of(cpu_units: int, rule: MemoryOfCpu) -> int:
    return cpu_units * rule.mb_per_vcpu // CPU_UNITS_PER_VCPU


def _number(value: int, scale: int) -> str:
    return f"{value / scale:.3g}" if value % scale else str(value // scale)
