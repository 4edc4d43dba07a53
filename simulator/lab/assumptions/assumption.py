"""An assumption as a value: what is assumed, the setting that it sets, and the range in which the truth may lie.

A setting is a field of a service in the scenario, given as a path of field names: `("policy", "start_lag_s")`. What a
scenario file sets is no assumption: it is the user's decision, and is not moved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import BaseModel

from simulator.model.text.units import duration_text
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.base_model import key_of
from simulator.scenario.sections.service_spec import ServiceSpec

Value = float | bool | str
FromService = Callable[[ServiceSpec], Value]
Move = Callable[[ServiceSpec, Value], ServiceSpec]
Path = tuple[str, ...]


class Place(NamedTuple):
    """An `ASSUMPTION:` of the code: its module, relative to the package, and how its sentence begins."""

    module: str
    begins: str


@dataclass(frozen=True, slots=True)
class MovableAssumption:
    """An assumption that is a setting of a service.

    `sentence`: what is assumed. `default`: the value that the code assumes. `low`, `high`: the ends of the plausible
    range, `why` its reason; the default may be one of them. `applies`: True for a service that the value can affect.

    `move`: sets a value that is no single field. `brought`: the setting comes with the policy's platform, so that the
    scenario has a value although the file has none; it is assumed while it has the default.
    """

    setting: Path
    sentence: str
    places: tuple[Place, ...]
    default: Value | FromService
    low: Value | FromService
    high: Value | FromService
    why: str
    applies: Callable[[ServiceSpec], bool]
    move: Move | None = None
    brought: bool = False

    @property
    def key(self) -> str:
        """The setting as in `--vary`: `policy.start_lag`."""
        return ".".join(key_of(name) for name in self.setting)

    def assumed(self, service: ServiceSpec) -> Value:
        """Return the value that the code assumes for this service."""
        return _resolved(self.default, service)

    def current(self, service: ServiceSpec) -> Value:
        """Return the value with which the service runs."""
        given = None if self.move is not None else _field(service, self.setting)
        return self.assumed(service) if given is None else given

    def is_set(self, service: ServiceSpec) -> bool:
        """Return True if the scenario file sets the value itself. With `move`, `applies` decides that."""
        if self.move is not None:
            return not self.applies(service)
        if self.brought:
            return self.current(service) != self.assumed(service)
        return _is_set(service, self.setting)

    def depends(self, service: ServiceSpec) -> bool:
        """Return True if the service's figures depend on the assumption."""
        return self.applies(service) and not self.is_set(service)

    def bounds(self, service: ServiceSpec) -> tuple[Value, Value]:
        """Return the low and the high end of the range."""
        return _resolved(self.low, service), _resolved(self.high, service)

    def ends(self, service: ServiceSpec) -> list[Value]:
        """Return the low and the high end of the range, without the current value."""
        current = self.current(service)
        return [value for value in dict.fromkeys(self.bounds(service)) if value != current]

    def moved(self, service: ServiceSpec, value: Value) -> ServiceSpec:
        """Return the service with the setting at `value`."""
        return self.move(service, value) if self.move is not None else _with_field(service, self.setting, value)

    def text(self, value: Value) -> str:
        """Format a value of the setting as a scenario file has it."""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, str):
            return value
        if self.setting[-1].endswith(("_bytes", "_bytes_per_second")):
            return f"{value / 1024**2:g} MB{'/s' * self.setting[-1].endswith('_per_second')}"
        return duration_text(value) if self.setting[-1].endswith("_s") else f"{value:g}"


@dataclass(frozen=True, slots=True)
class UnmovedAssumption:
    """An assumption that `--assumptions` does not move. `why`: the reason.

    `matters`: True for a scenario whose figures may depend on it although no setting moves it; None if the figures of a
    run in virtual time never depend on it.
    """

    place: Place
    why: str
    matters: Callable[[ScenarioSpec], bool] | None = None


def _resolved(value: Value | FromService, service: ServiceSpec) -> Value:
    return value(service) if callable(value) else value


def _field(section: BaseModel, path: Path) -> Value | None:
    found: object = section
    for name in path:
        found = getattr(found, name)
    assert found is None or isinstance(found, float | int | bool | str), f"{path} is no plain value"
    return found


def _is_set(section: BaseModel, path: Path) -> bool:
    name, *rest = path
    if name not in section.model_fields_set:
        return False
    inner = getattr(section, name)
    return not rest or (isinstance(inner, BaseModel) and _is_set(inner, tuple(rest)))


def _with_field(service: ServiceSpec, path: Path, value: Value) -> ServiceSpec:
    *outer, name = path
    if not outer:
        return service.model_copy(update={name: value})
    (section,) = outer
    inner: BaseModel = getattr(service, section)
    return service.model_copy(update={section: inner.model_copy(update={name: value})})
