"""The space of a tuning: the knobs that vary, their values, and the settings that a scenario file can have.

A knob is a key of the scenario file with its values, as in `sweep --vary`, or `size`, the pair of `cpu` and `memory`.
A setting is a value of each knob, given by its position. Positions of a knob whose values are numbers are ordered, so a
setting has neighbours: one step of one knob.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.lab.sweep.grid import parse_axis
from simulator.model.sizes import SUPPORTED, InstanceSize, parse_cpu, parse_memory
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.service_spec import ServiceSpec

Setting = tuple[int, ...]
"""The position of the value of each knob."""

SETTINGS_MAX: Final = 200_000
SIZE: Final = "size"
_LABELS: Final = {
    "max_concurrency": "MaxConcurrency",
    "min_size": "MinSize",
    "max_size": "MaxSize",
    "cpu": "CPU",
    "memory": "memory",
    "size": "size",
}
# Default values of a knob, as multiples of the scenario's own. A step of 20 to 25 % of MaxConcurrency is about what
# changes the cost by one indifference (1 %) in the shipped scenarios.
_CONCURRENCY_FACTORS: Final = (0.2, 0.25, 0.32, 0.4, 0.5, 0.63, 0.8, 1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0)
_MAX_SIZE_FACTORS: Final = (0.5, 0.75, 1.0, 1.5, 2.0)
_CONCURRENCY_MAX: Final = 200
_MIN_SIZE_MAX: Final = 25
_MIN_SIZES: Final = 12  # values of MinSize beyond the scenario's own
_QUANTITY: Final = re.compile(r"^-?\d+(\.\d+)?\s*(ms|s|m|min|h|%|/s|GB|MB|KB|vCPU)?$", re.ASCII)
_STEP: Final = re.compile(r"^(?P<range>-?\d+\.\.-?\d+):(?P<step>\d+)$", re.ASCII)


@dataclass(frozen=True, slots=True)
class SpaceKnob:
    """A setting that varies. `values` are as in a scenario file; those of `size` are mappings of `cpu` and `memory`."""

    name: str
    values: tuple[Any, ...]

    @property
    def is_ordered(self) -> bool:
        """True if the values are quantities, so that neighbours in the list are alike."""
        return self.is_size or all(_is_quantity(value) for value in self.values)

    @property
    def is_size(self) -> bool:
        return self.name.rpartition(".")[2] == SIZE

    @property
    def label(self) -> str:
        """The name in App Runner's words."""
        prefix, _, key = self.name.rpartition(".")
        return f"{prefix}: {_LABELS[key]}" if prefix and key in _LABELS else _LABELS.get(key, self.name)

    def text(self, position: int) -> str:
        """Return a value as text."""
        value = self.values[position]
        return f"{value['cpu']} / {value['memory']}" if self.is_size else str(value)

    def changes(self, position: int) -> dict[str, Any]:
        """Return the changes to the scenario file that give the knob this value."""
        value = self.values[position]
        if not self.is_size:
            return {self.name: value}
        prefix = self.name.removesuffix(SIZE)
        return {f"{prefix}cpu": value["cpu"], f"{prefix}memory": value["memory"]}


@dataclass(frozen=True)
class Space:
    """The settings of several knobs. Those with MinSize above MaxSize are left out.

    Raises:
        ValueError: without knobs, with a knob twice, or with more than SETTINGS_MAX settings.
    """

    knobs: tuple[SpaceKnob, ...]
    own_sizes: Mapping[str, tuple[int, int]] = field(
        default_factory=dict
    )  # by service: the scenario's MinSize, MaxSize

    def __post_init__(self) -> None:
        names = [knob.name for knob in self.knobs]
        for name in names:
            if names.count(name) > 1:
                msg = f"vary = {name!r} twice, must be given once"
                raise ValueError(msg)
        if not names:
            msg = "vary = nothing, must have a field and its values, such as min_size=1..10"
            raise ValueError(msg)
        count = math.prod(len(knob.values) for knob in self.knobs)
        if count > SETTINGS_MAX:
            msg = f"vary = {count:,} settings, must be at most {SETTINGS_MAX:,}: fewer values of a knob"
            raise ValueError(msg)

    @cached_property
    def settings(self) -> list[Setting]:
        """All settings, in the order of the grid, with the last knob varying fastest."""
        every = itertools.product(*(range(len(knob.values)) for knob in self.knobs))
        return [setting for setting in every if self._is_possible(setting)]

    @cached_property
    def places(self) -> dict[Setting, int]:
        """The place of each setting in `settings`."""
        return {setting: place for place, setting in enumerate(self.settings)}

    @cached_property
    def coordinates(self) -> NDArray[np.float64]:
        """The settings as rows of numbers: an ordered knob from 0 to 1, a column for each value of another."""
        positions = np.array(self.settings)
        columns = []
        for number, knob in enumerate(self.knobs):
            column, count = positions[:, number], len(knob.values)
            if knob.is_ordered:
                columns.append((column / max(1, count - 1))[:, None])
            else:
                columns.append((column[:, None] == np.arange(count)) * math.sqrt(0.5))
        return np.concatenate(columns, axis=1)

    @cached_property
    def columns(self) -> list[int]:
        """The knob of each column of `coordinates`."""
        return [n for n, knob in enumerate(self.knobs) for _ in range(1 if knob.is_ordered else len(knob.values))]

    def changes(self, setting: Setting) -> dict[str, Any]:
        """Return the changes to the scenario file that make the setting."""
        return {
            name: value
            for knob, position in zip(self.knobs, setting, strict=True)
            for name, value in knob.changes(position).items()
        }

    def text(self, setting: Setting) -> str:
        """Return the setting in words: `MaxConcurrency 40, MinSize 2`."""
        return ", ".join(
            f"{knob.label} {knob.text(position)}" for knob, position in zip(self.knobs, setting, strict=True)
        )

    def neighbours(self, setting: Setting) -> Iterator[tuple[SpaceKnob, Setting]]:
        """Yield the settings one step away: the values beside that of an ordered knob, all values of another."""
        for number, knob in enumerate(self.knobs):
            at = setting[number]
            others = (at - 1, at + 1) if knob.is_ordered else (n for n in range(len(knob.values)) if n != at)
            for other in others:
                beside = (*setting[:number], other, *setting[number + 1 :])
                if beside in self.places:
                    yield knob, beside

    def _is_possible(self, setting: Setting) -> bool:
        if not self.own_sizes:
            return True
        changes = self.changes(setting)
        for service, (least, most) in self.own_sizes.items():
            low, high = (
                changes.get(f"services.{service}.{key}", changes.get(f"{service}.{key}", changes.get(key, own)))
                for key, own in (("min_size", least), ("max_size", most))
            )
            if isinstance(low, int) and isinstance(high, int) and low > high:
                return False
        return True


def space_of(scenario: ScenarioSpec, vary: Sequence[str]) -> Space:
    """Return the space of `--vary`; without any, MaxConcurrency, MinSize, MaxSize and size around the scenario's own.

    Raises:
        ValueError: for a knob that cannot be read, or too many settings.
    """
    knobs = [parse_knob(text) for text in vary] if vary else list(_default_knobs(scenario))
    sizes = {name: (service.min_size, service.max_size) for name, service in scenario.services.items()}
    return Space(tuple(knobs), sizes)


def parse_knob(text: str) -> SpaceKnob:
    """Parse a knob in the words of `sweep --vary`, or `size=1 vCPU/2 GB,2 vCPU/4 GB`; `1..9:2` is `1..9..2`.

    Raises:
        ValueError: if the text has another form.
    """
    name, equals, given = text.partition("=")
    if match := _STEP.match(given.strip()):
        text = f"{name}{equals}{match['range']}..{match['step']}"
    if name.strip().rpartition(".")[2] != SIZE:
        axis = parse_axis(text)
        return SpaceKnob(axis.name, axis.values)
    values = tuple(_parse_size(part.strip(), text) for part in given.split(","))
    return SpaceKnob(name.strip(), values)


def own_setting(space: Space, scenario: ScenarioSpec) -> Setting | None:
    """Return the scenario's own setting; None if the space does not have it."""
    positions = []
    for knob in space.knobs:
        found = [place for place, value in enumerate(knob.values) if _is_own(knob, value, scenario)]
        if not found:
            return None
        positions.append(found[0])
    return tuple(positions) if tuple(positions) in space.places else None


def _is_own(knob: SpaceKnob, value: Any, scenario: ScenarioSpec) -> bool:
    """Return True if every service that a knob is about has this value."""
    parts = knob.name.removeprefix("services.").split(".")
    services = [scenario.services[parts.pop(0)]] if parts[0] in scenario.services else [*scenario.services.values()]
    if len(parts) != 1:
        return False
    return all(_has(service, parts[0], value) for service in services)


def _has(service: ServiceSpec, key: str, value: Any) -> bool:
    match key:
        case "size":
            return service.size == InstanceSize(parse_cpu(value["cpu"]), parse_memory(value["memory"]))
        case "cpu":
            return bool(service.cpu_units == parse_cpu(value))
        case "memory":
            return bool(service.memory_mb == parse_memory(value))
        case "policy":
            return bool(service.policy.name == value)
        case "platform":
            return bool((service.platform or "app-runner") == value)
        case _:
            return bool(getattr(service, key, None) == value)


def _default_knobs(scenario: ScenarioSpec) -> Iterator[SpaceKnob]:
    several = len(scenario.services) > 1
    for name, service in scenario.services.items():
        prefix = f"{name}." if several else ""
        yield SpaceKnob(f"{prefix}max_concurrency", _concurrencies(service.max_concurrency))
        yield SpaceKnob(f"{prefix}min_size", _min_sizes(service))
        yield SpaceKnob(f"{prefix}max_size", _max_sizes(service.max_size))
        sizes = _sizes(service)
        if len(sizes) > 1:
            yield SpaceKnob(f"{prefix}{SIZE}", sizes)


def _concurrencies(own: int) -> tuple[int, ...]:
    return tuple(sorted({min(max(1, round(own * factor)), _CONCURRENCY_MAX) for factor in _CONCURRENCY_FACTORS}))


def _min_sizes(service: ServiceSpec) -> tuple[int, ...]:
    """MinSize from the least that the service can have to well above its own; every value as long as there are few."""
    least = 0 if service.min_size == 0 else 1
    most = min(max(2 * service.min_size, service.min_size + _MIN_SIZES), _MIN_SIZE_MAX, 2 * service.max_size)
    values = np.unique(np.round(np.linspace(least, most, min(most - least, 2 * _MIN_SIZES) + 1)).astype(int)).tolist()
    return tuple(sorted({*values, service.min_size}))


def _max_sizes(own: int) -> tuple[int, ...]:
    return tuple(sorted({max(1, round(own * factor)) for factor in _MAX_SIZE_FACTORS}))


def _sizes(service: ServiceSpec) -> tuple[dict[str, str], ...]:
    """The sizes of App Runner that have at least the scenario's memory: how little it needs is unknown."""
    if service.platform is not None:
        return ()
    found = []
    for cpu, memories in SUPPORTED.items():
        enough = [memory for memory in memories if memory >= service.memory_mb]
        found += [InstanceSize(cpu, memory) for memory in enough[:1]]
    return tuple({"cpu": f"{size.vcpu:g} vCPU", "memory": f"{size.memory_gb:g} GB"} for size in found)


def _parse_size(given: str, text: str) -> dict[str, str]:
    cpu, slash, memory = (part.strip() for part in given.partition("/"))
    try:
        if not slash:
            raise ValueError  # noqa: TRY301 one message for both
        parse_cpu(cpu), parse_memory(memory)
    except ValueError as error:
        msg = f"vary = {text!r}, must have sizes such as size=1 vCPU/2 GB,2 vCPU/4 GB: {given!r} is none"
        raise ValueError(msg) from error
    return {"cpu": cpu, "memory": memory}


def _is_quantity(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float) or (isinstance(value, str) and _QUANTITY.match(value) is not None)
