"""Tables of an observation: columns of numbers of equal length, each column a field of a frozen dataclass.

A table knows how each of its columns is checked, so the reader of a file and a caller in Python get the same errors. A
number that is not known is NaN, an empty field in a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]

STATUS_MAX: Final = 999  # HTTP status codes have three digits


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """What the values of a column must be. `expected` completes the sentence "must be ..."."""

    expected: str
    low: float = 0.0
    high: float = np.inf
    whole: bool = False
    may_be_unknown: bool = False

    def wrong(self, values: Column) -> NDArray[np.bool_]:
        """Return True for each value that breaks the rule."""
        unknown = np.isnan(values)
        with np.errstate(invalid="ignore"):
            wrong: NDArray[np.bool_] = ~np.isfinite(values) | (values < self.low) | (values > self.high)
            if self.whole:
                wrong |= values != np.round(values)
        wrong[unknown] = not self.may_be_unknown
        return wrong


SECONDS: Final = ColumnRule("a number of seconds, at least 0")
SECONDS_OR_UNKNOWN: Final = ColumnRule("a number of seconds, at least 0, or empty if unknown", may_be_unknown=True)
BYTES_OR_UNKNOWN: Final = ColumnRule("a number of bytes, at least 0, or empty if unknown", may_be_unknown=True)
COUNT: Final = ColumnRule("a whole number, at least 0", whole=True)
NUMBER_OR_UNKNOWN: Final = ColumnRule("a number, at least 0, or empty if unknown", may_be_unknown=True)
STATUS: Final = ColumnRule(f"a status of HTTP, 0 (no response) to {STATUS_MAX}", low=0, high=STATUS_MAX, whole=True)


class ColumnTable:
    """The base of tables. A subclass is a frozen dataclass of columns and has a rule for each in `RULES`."""

    __slots__ = ()
    RULES: ClassVar[Mapping[str, ColumnRule]]

    def __post_init__(self) -> None:
        """Convert the columns, and check their lengths and values.

        Raises:
            ValueError: naming the column, the row (from 0), the value and what is expected.
        """
        length: int | None = None
        for name, rule in self.RULES.items():
            values = np.asarray(getattr(self, name), dtype=np.float64)
            length = len(values) if length is None else length
            if values.ndim != 1 or len(values) != length:
                msg = f"{name} = an array of shape {values.shape}, must be one column of {length} rows"
                raise ValueError(msg)
            wrong = rule.wrong(values)
            if wrong.any():
                row = int(np.argmax(wrong))
                msg = f"{name}[{row}] = {values[row]:g}, must be {rule.expected}"
                raise ValueError(msg)
            if rule.whole and not rule.may_be_unknown:
                values = values.astype(np.int64)
            object.__setattr__(self, name, values)

    def __len__(self) -> int:
        return len(getattr(self, next(iter(self.RULES))))

    @classmethod
    def of(cls, **columns: Any) -> Self:
        """Create a table of the given columns; a column that may be unknown is NaN if it is left out. Without any
        column the table is empty.
        """
        length = max((len(values) for values in columns.values()), default=0)
        rest = {
            name: np.full(length, np.nan)
            for name, rule in cls.RULES.items()
            if name not in columns and (rule.may_be_unknown or not columns)
        }
        return cls(**columns, **rest)

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns by name, in the order of the file."""
        return {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]

    def rows(self, chosen: NDArray[np.bool_]) -> Self:
        """Return a table of the chosen rows."""
        return type(self)(**{name: values[chosen] for name, values in self.columns().items()})

    def equals(self, other: ColumnTable) -> bool:
        """Return True if both have the same numbers; unknown numbers are equal."""
        mine, others = self.columns(), other.columns()
        return mine.keys() == others.keys() and all(
            np.array_equal(values, others[name], equal_nan=values.dtype.kind == "f") for name, values in mine.items()
        )


def _served(status: NDArray[np.int64]) -> NDArray[np.bool_]:
    served: NDArray[np.bool_] = (status >= 100) & (status < 400)
    return served


@dataclass(frozen=True, eq=False)
class ObservedRequests(ColumnTable):
    """The requests of a stage, in the order in which they were to be sent."""

    RULES: ClassVar[Mapping[str, ColumnRule]] = {
        "sent_s": SECONDS,
        "latency_s": SECONDS,
        "service_s": SECONDS_OR_UNKNOWN,
        "status": STATUS,
        "route": COUNT,
        "late_s": SECONDS,
        "request_bytes": BYTES_OR_UNKNOWN,
        "response_bytes": BYTES_OR_UNKNOWN,
    }

    sent_s: Column
    """Seconds from the start of the stage until the client was to send the request."""
    latency_s: Column
    """Seconds from `sent_s` until the end of the response, at the client."""
    service_s: Column
    """Seconds at the instance, until the end of the response; NaN if unknown."""
    status: NDArray[np.int64]
    """HTTP status; 0: no response."""
    route: NDArray[np.int64]
    """Index in the routes of the observation."""
    late_s: Column
    """Seconds by which the load client itself sent the request late."""
    request_bytes: Column
    """Bytes of the request's body; NaN if unknown."""
    response_bytes: Column
    """Bytes of the response's body; NaN if unknown."""

    @property
    def served(self) -> NDArray[np.bool_]:
        """True for requests with a response of the application that is no error: status 100 to 399."""
        return _served(self.status)


@dataclass(frozen=True, eq=False)
class InstanceSamples(ColumnTable):
    """What the instance used, one row a second (of an imported observation: one row a period)."""

    RULES: ClassVar[Mapping[str, ColumnRule]] = {
        "at_s": SECONDS,
        "cpu_s": SECONDS_OR_UNKNOWN,
        "throttled_s": SECONDS_OR_UNKNOWN,
        "memory_bytes": BYTES_OR_UNKNOWN,
        "in_flight": NUMBER_OR_UNKNOWN,
    }

    at_s: Column
    """End of the period, in seconds from the start of the stage."""
    cpu_s: Column
    """CPU seconds that the instance used in the period."""
    throttled_s: Column
    """Seconds of the period in which the CPU quota stopped threads of the instance, added over its CPUs."""
    memory_bytes: Column
    """Memory in use at the end of the period."""
    in_flight: Column
    """Mean number of requests at the instance in the period."""


@dataclass(frozen=True, eq=False)
class UnloadedRequests(ColumnTable):
    """Requests that were sent one at a time, in the order in which they were sent: each after the response to the one
    before and a pause, so none of them waits for another.
    """

    RULES: ClassVar[Mapping[str, ColumnRule]] = {
        "route": COUNT,
        "latency_s": SECONDS,
        "cpu_s": SECONDS_OR_UNKNOWN,
        "throttled_s": SECONDS_OR_UNKNOWN,
        "status": STATUS,
    }

    route: NDArray[np.int64]
    """Index in the routes of the observation."""
    latency_s: Column
    """Seconds from when the client sent the request until the end of the response, at the client."""
    cpu_s: Column
    """CPU seconds that the instance used for the request, with what it did after the response, until the next one. What
    it uses without requests is taken off.
    """
    throttled_s: Column
    """Seconds until the response in which the CPU quota stopped threads of the instance, added over its CPUs."""
    status: NDArray[np.int64]
    """HTTP status; 0: no response."""

    @property
    def served(self) -> NDArray[np.bool_]:
        """True for requests with a response of the application that is no error."""
        return _served(self.status)
