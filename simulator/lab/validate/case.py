"""A ground-truth case: a published result, and how to obtain the same figure from the simulator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Subject(StrEnum):
    """The subject of a case: a platform, or the theory that applies to every platform."""

    APP_RUNNER = "app-runner"
    ECS = "ecs"
    LAMBDA = "lambda"
    CLOUD_RUN = "cloud-run"
    CONTAINER_APPS = "container-apps"
    KNATIVE = "knative"
    KUBERNETES = "kubernetes"
    THEORY = "theory"
    ELASTICITY = "elasticity"

    @property
    def platform_name(self) -> str:
        """The name for readers."""
        return _TITLES[self]


_TITLES: Final = {
    Subject.APP_RUNNER: "AWS App Runner",
    Subject.ECS: "Amazon ECS",
    Subject.LAMBDA: "AWS Lambda",
    Subject.CLOUD_RUN: "Google Cloud Run",
    Subject.CONTAINER_APPS: "Azure Container Apps",
    Subject.KNATIVE: "Knative",
    Subject.KUBERNETES: "Kubernetes and KEDA",
    Subject.THEORY: "Queueing theory",
    Subject.ELASTICITY: "Metrics of elasticity",
}


class Evidence(StrEnum):
    """The kind of a published result.

    A median error is computed from measurements and statements only: rules, prices and theory must agree exactly or
    within their rounding, and a simulation by others is not the platform.
    """

    MEASUREMENT = "measurement"  # by a user of the platform
    STATEMENT = "vendor's statement"  # a figure published by the vendor without its set-up
    RULES = "the platform's own tests or documents"
    PRICES = "price list"
    SIMULATION = "another simulator"
    THEORY = "theory"


# The kinds of evidence about a running platform, from which a median error is computed.
OBSERVED: Final = frozenset({Evidence.MEASUREMENT, Evidence.STATEMENT})


class FindingVerdict(StrEnum):
    """The result of a figure."""

    OK = "ok"
    EXPLAINED = "explained"  # outside its tolerance, for a reason that the case gives
    MISS = "MISS"


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure of a case. `tolerance`: the largest absolute difference between `measured` and `expected`.

    `explanation`: if the figure is outside its tolerance for a known reason that is no fault of the simulator, that
    reason as a sentence without a full stop. Such a figure is shown as an explained miss.
    """

    figure: str
    expected: float
    measured: float
    tolerance: float = 0.0
    explanation: str = ""

    @property
    def verdict(self) -> FindingVerdict:
        if self.passed:
            return FindingVerdict.OK
        return FindingVerdict.EXPLAINED if self.explanation else FindingVerdict.MISS

    @property
    def error(self) -> float:
        return self.measured - self.expected

    @property
    def passed(self) -> bool:
        return abs(self.error) <= self.tolerance

    @property
    def relative_error(self) -> float | None:
        """The error as a share of the expected value; None if that is 0 within the tolerance."""
        return self.error / abs(self.expected) if self._is_ratio else None

    @property
    def smallest_bias(self) -> float | None:
        """The power of the figure: the smallest bias of the simulator, in either direction, that is always a miss.

        It is a share of the expected value, or None if that is 0 within the tolerance. With the measured error e and
        the tolerance t, a bias b is a miss in both directions if |b| > t + |e|. An exact figure has the power 0: every
        bias is a miss.
        """
        return (self.tolerance + abs(self.error)) / abs(self.expected) if self._is_ratio else None

    @property
    def _is_ratio(self) -> bool:
        return abs(self.expected) > self.tolerance

    def __str__(self) -> str:
        return f"{self.figure}: {self.measured:.6g}, must be {self.expected:.6g} +- {self.tolerance:.2g}"


@dataclass(frozen=True, slots=True)
class Curve:
    """A published and a simulated series over the same axis, for the plot of the platform.

    `x_label` and `y_label` name the axes with their units. `steps`: a value is constant until the next point.
    """

    title: str
    x_label: str
    y_label: str
    published: tuple[tuple[float, float], ...]
    simulated: tuple[tuple[float, float], ...]
    steps: bool = False


def no_curves() -> Sequence[Curve]:
    """Return no curves: the case has figures only."""
    return ()


@dataclass(frozen=True, slots=True)
class Case:
    """A case. `number` is that of a validation sheet (docs/facts).

    It is a number of the first sheet, or `V` and a number of the second; closed forms are 2.1.1 and on, prices 13.3.

    `dated`: when the result was measured or published. `set_up`: a description of the measurement in a sentence for the
    table. `run` plays the case; `curves` returns its series and is called in the same process after `run`, so both may
    share a cached run.
    """

    number: str
    title: str
    source: str
    run: Callable[[], Sequence[Finding]]
    subject: Subject
    evidence: Evidence
    dated: str
    set_up: str
    curves: Callable[[], Sequence[Curve]] = no_curves


def relative(figure: str, expected: float, measured: float, share: float, explanation: str = "") -> Finding:
    """Return a finding whose figure may differ by `share` of the expected value."""
    return Finding(figure, expected, measured, share * abs(expected), explanation)


def within(figure: str, low: float, high: float, measured: float) -> Finding:
    """Return a finding whose published value is a range: the middle is expected, half of the width is tolerated."""
    return Finding(figure, (low + high) / 2, measured, (high - low) / 2)


def exact(figure: str, expected: Sequence[float], measured: Sequence[float]) -> list[Finding]:
    """Return the finding that a sequence matches exactly: the figure is the number of equal steps."""
    right = sum(a == b for a, b in zip(expected, measured, strict=False))
    return [Finding(figure, len(expected), right if len(measured) == len(expected) else -1)]
