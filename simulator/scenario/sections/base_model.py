"""The base of all sections of a scenario file: the frozen model, and types of values that have a unit in the file.

In Python a unit is a suffix of the name (`duration_s`); in the file it follows the number (`duration: 90s`). So the key
of a field is its name without the unit; `key_of` is that rule, for sections and for policy parameters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Self, cast, get_args, get_origin

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from simulator.model import sizes
from simulator.model.text import units
from simulator.model.text.field_docstrings import DescribedModel

# Limits of numbers in a file: with a larger value a run would never end, or not fit into memory.
DAY_S: Final = 86_400.0
# ASSUMPTION: ten times the requests that the compiled backend plays per second on one core; a service of App Runner has
# at most 25 instances with 200 requests each. A platform that serves more in one place would settle it.
RATE_MAX_RPS: Final = 1e7
DURATION_MAX_S: Final = 10_000 * DAY_S
# Each second of a run is a row of its series, which is in memory.
RUN_MAX_S: Final = 366 * DAY_S
USERS_MAX: Final = 1_000_000
FACTOR_MAX: Final = 1_000_000

_UNIT_SUFFIXES: Final = ("_s", "_rps", "_bytes", "_bytes_per_second", "_units", "_mb", "_spec")


def key_of(field: str) -> str:
    """Return the key in the file for the field `field`: `window_s` -> `window`, `from_s` -> `from`."""
    for suffix in _UNIT_SUFFIXES:
        if field.endswith(suffix) and field != suffix:
            return field.removesuffix(suffix)
    return field


class Section(DescribedModel):
    """A mapping in the file. Unknown keys are errors; the docstring below a field is its description in the schema."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=key_of,
        arbitrary_types_allowed=True,
    )

    @classmethod
    def kind_named(cls, name: str) -> type[Section]:  # noqa: ARG003 for those that have kinds
        """Return the section for a mapping with this `name`; a section with several kinds overrides it."""
        return cls

    @classmethod
    def unchanged(cls) -> Self:
        """Return the section with its defaults, without the validator that a call of the class would build."""
        return cast("Self", cls.model_construct())


def fields_of(section: type[Section], kinds: Iterable[type]) -> tuple[str, ...]:
    """Return the optional fields that hold one of `kinds`, in the order of the section."""
    sought = set(kinds)
    return tuple(name for name, field in section.model_fields.items() if sought & set(_members(field.annotation)))


def _members(annotation: Any) -> Iterator[Any]:
    """Yield the members of a union type, without their annotations."""
    for member in get_args(annotation):
        yield get_args(member)[0] if get_origin(member) is Annotated else member


def _quantity(pattern: str, *examples: object, bare: str | None = None) -> WithJsonSchema:
    """Return the schema for editors: `pattern` for text, `bare` as the JSON type of a number without a unit."""
    text: dict[str, Any] = {"type": "string", "pattern": pattern}
    if bare is None:
        return WithJsonSchema({"anyOf": [text, {"const": 0}], "examples": list(examples)})
    return WithJsonSchema({"anyOf": [text, {"type": bare}], "examples": list(examples)})


def _number_or_percentage(value: object) -> object:
    """Convert `70 %` to 0.7; return anything else unchanged, to be validated as a number."""
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            return units.parse_number(value.strip().removesuffix("%")) / 100
        except ValueError:
            return value
    return value


def _duration(value: object) -> float:
    """Parse seconds, up to the largest allowed duration."""
    seconds = units.parse_duration(value)
    if DURATION_MAX_S < seconds < math.inf:
        msg = f"{value!r} is not a duration; write at most {DURATION_MAX_S / DAY_S:.0f}d"
        raise ValueError(msg)
    return seconds


def _rate(value: object) -> float:
    """Parse events per second, up to the largest rate that can be played."""
    rate_rps = units.parse_rate(value)
    if RATE_MAX_RPS < rate_rps < math.inf:
        msg = f"{value!r} is not a rate; write at most {RATE_MAX_RPS:.0f}/s"
        raise ValueError(msg)
    return rate_rps


def _bytes(value: object) -> int:
    """Parse bytes. `1e999 GB` is rejected, because that number is infinite."""
    try:
        return units.parse_bytes(value)
    except OverflowError as error:
        msg = f"{value!r} is not a size; write a finite number of bytes"
        raise ValueError(msg) from error


def _bandwidth(value: object) -> float:
    """Parse bytes per second: `50 MB/s`."""
    size, slash, unit = str(value).rpartition("/")
    try:
        rate = float(units.parse_bytes(size)) if slash and unit.strip() in {"s", "sec"} else None
    except (ValueError, OverflowError):
        rate = None
    if rate is None:
        msg = f"{value!r} is not a bandwidth; write a size per second, such as 50 MB/s"
        raise ValueError(msg)
    return rate


_NUMBER: Final = r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"
_TIME_UNIT: Final = "(us|ms|s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)"
_BYTE_UNIT: Final = "([bB]|bytes?|[kKmMgG][iI]?[bB])"

DURATION_PATTERN: Final = rf"^(\s*{_NUMBER}\s*{_TIME_UNIT}\s*)+$"

Duration = Annotated[
    float,
    BeforeValidator(_duration),
    Field(allow_inf_nan=False),
    _quantity(DURATION_PATTERN, "90s", "250ms", "1h30m"),
]
"""Seconds, >= 0."""

PositiveDuration = Annotated[Duration, Field(gt=0)]
"""Seconds, > 0."""

Rate = Annotated[
    float,
    BeforeValidator(_rate),
    Field(allow_inf_nan=False),
    _quantity(rf"^\s*{_NUMBER}\s*/\s*({_NUMBER})?\s*{_TIME_UNIT}\s*$", "100/s", "6000/min", "10/5min"),
]
"""Events per second, >= 0."""

Size = Annotated[
    int,
    BeforeValidator(_bytes),
    _quantity(rf"^(\s*{_NUMBER}\s*{_BYTE_UNIT}\s*)+$", "10 KB", 512, bare="integer"),
]
"""Bytes, >= 0."""

Bandwidth = Annotated[
    float,
    BeforeValidator(_bandwidth),
    Field(gt=0),
    WithJsonSchema({"type": "string", "pattern": r"^\s*[0-9.]+\s*([bB]|[kKmMgG][iI]?[bB])\s*/\s*s(ec)?\s*$"}),
]
"""Bytes per second, > 0."""

Share = Annotated[
    float,
    BeforeValidator(units.parse_share),
    _quantity(rf"^\s*{_NUMBER}\s*%?\s*$", "5 %", 0.05, bare="number"),
]
"""A share, 0 to 1."""

Cpu = Annotated[
    int,
    BeforeValidator(sizes.parse_cpu),
    _quantity(rf"^\s*{_NUMBER}\s*([vV]?[cC][pP][uU])?\s*$", "1 vCPU", "0.25 vCPU", bare="number"),
]
"""CPU units, 1024 = 1 vCPU."""

Memory = Annotated[
    int,
    BeforeValidator(sizes.parse_memory),
    _quantity(rf"^\s*{_NUMBER}\s*([gG][bB])?\s*$", "2 GB", "0.5 GB", bare="number"),
]
"""Memory in MB."""

Number = Annotated[
    float,
    BeforeValidator(_number_or_percentage),
    Field(strict=True, allow_inf_nan=False),
    _quantity(rf"^\s*{_NUMBER}\s*%\s*$", 0.7, "70 %", bare="number"),
]
"""A finite number; a percentage is divided by 100."""

Count = Annotated[int, Field(strict=True)]
"""A whole number; `1.0` and `"1"` are not."""

ResourceName = Annotated[str, Field(pattern="^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
Flag = Annotated[
    bool,
    BeforeValidator(lambda given: given == "on" if given in ("on", "off") else given),
    Field(strict=True),
    WithJsonSchema({"enum": [True, False, "on", "off"]}),
]
"""`true` or `false`; also `on` or `off`, which are text in YAML 1.2."""
