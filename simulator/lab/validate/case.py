"""A ground-truth case: a published result, and how to obtain the same figure from the simulator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure of a case. `tolerance`: the largest absolute difference between `measured` and `expected`."""

    figure: str
    expected: float
    measured: float
    tolerance: float = 0.0

    @property
    def error(self) -> float:
        return self.measured - self.expected

    @property
    def passed(self) -> bool:
        return abs(self.error) <= self.tolerance

    def __str__(self) -> str:
        return f"{self.figure}: {self.measured:.6g}, must be {self.expected:.6g} +- {self.tolerance:.2g}"


@dataclass(frozen=True, slots=True)
class Case:
    """A case. `number` is that of the validation sheet (facts 2.2); closed forms begin at 2.1.1, prices are 13.3."""

    number: str
    title: str
    source: str
    run: Callable[[], Sequence[Finding]]


def relative(figure: str, expected: float, measured: float, share: float) -> Finding:
    """Return a finding whose figure may differ by `share` of the expected value."""
    return Finding(figure, expected, measured, share * abs(expected))


def exact(figure: str, expected: Sequence[float], measured: Sequence[float]) -> list[Finding]:
    """Return the finding that a sequence matches exactly: the figure is the number of equal steps."""
    right = sum(a == b for a, b in zip(expected, measured, strict=False))
    return [Finding(figure, len(expected), right if len(measured) == len(expected) else -1)]
