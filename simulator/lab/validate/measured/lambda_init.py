"""AWS Lambda's initialisation by runtime, package and day, as measured by maxday/lambda-perf (facts validation-2 V16).

The law (rules/policies/aws/lambda_init.py) was fitted to the configurations with 128 and 512 MB and to the first half
of the days. This case judges it with the others: 256 and 1,024 MB, and the second half of the days. Starts are drawn as
a replica set draws them.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, get_args

import numpy as np

from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.replicas.instance_launch import InstanceStarts
from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject, relative
from simulator.lab.validate.ground_truth import rows
from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.lambda_init import Architecture, Package, Runtime
from simulator.rules.policies.registry import POLICIES
from simulator.rules.start_stages import DAY_S
from simulator.world.random_streams import RandomStreams

SOURCE: Final = "maxday/lambda-perf, 22 Aug 2026 and 286 days from 1 Jan 2024"
_ONE_DAY: Final = "lambda_perf/lambda_init_2026-08-22.csv"
_DAYS: Final = "lambda_perf/lambda_init_daily_medians_2024_2026.csv"
# Memory of the configurations that the law was not fitted to.
JUDGING_MB: Final = ("256", "1024")
# Names in the recording of the custom runtimes.
_CUSTOM: Final = {
    "go": "go (prov.al2023)",
    "rust": "rust (prov.al2023)",
    "c++": "c++ 11 (prov.al2023)",
    "graalvm-java21": "graalvm java21 (prov.al2023)",
    "graalvm-java23": "graalvm java23 (prov.al2023)",
    "bun": "bun (prov.al2)",
    "llrt": "llrt (prov.al2023)",
    "swift": "apple swift 6.2 (prov.al2)",
}
LEVELS: Final = (10, 25, 50, 75, 90, 95)
SHAPE_LEVELS: Final = (5, 95)
STARTS: Final = 400  # of each configuration
STARTS_A_DAY: Final = 10
SIMULATED_DAYS: Final = 1000
_ONE_DAYS_MEDIAN: Final = (
    "the law's median is that of one day, whose own factor and ten values have a standard deviation of a tenth"
)


class Configuration(NamedTuple):
    """A combination of the recording; memory does not matter."""

    runtime: Runtime
    package: Package
    architecture: Architecture


def configurations(package: Package) -> list[Configuration]:
    return [
        Configuration(runtime, package, architecture)
        for runtime in get_args(Runtime)
        for architecture in get_args(Architecture)
    ]


@functools.cache
def published() -> dict[Configuration, list[float]]:
    """Return the seconds of all judging starts, by configuration."""
    found: dict[Configuration, list[float]] = {}
    recorded = {_CUSTOM.get(name, name): name for name in get_args(Runtime)}
    for row in rows(_ONE_DAY):
        if row["memory_mb"] in JUDGING_MB and row["runtime"] in recorded:
            key = Configuration(recorded[row["runtime"]], row["package"], row["arch"])  # type: ignore[arg-type]
            found.setdefault(key, []).extend(
                float(row[f"init_ms_{number}"]) / 1000 for number in range(1, 11) if row[f"init_ms_{number}"]
            )
    return found


@functools.cache
def simulated() -> dict[Configuration, list[float]]:
    """Return as many simulated seconds of each configuration, on an average day."""
    return {key: list(_starts(key, STARTS, day_sd=0.0)) for key in published()}


def _starts(key: Configuration, count: int, day_sd: float | None, a_day: int = STARTS) -> Iterator[float]:
    kind = POLICIES["lambda"]
    parameters = kind.parameters(
        runtime=key.runtime, package=key.package, architecture=key.architecture, init_day_sd=day_sd
    )
    actuator = kind.build(parameters, AutoScalingConfiguration(max_concurrency=1, min_size=0)).actuator
    at_s = [0.0]
    starts = InstanceStarts(PoolSettings("function"), RandomStreams(1).stream("init", *key).random, lambda: at_s[0])
    for number in range(count):
        at_s[0] = number // a_day * DAY_S
        yield starts.delays(actuator, from_zero=True).init_s


def _quantiles(values: dict[Configuration, list[float]], package: Package, levels: Sequence[int]) -> list[float]:
    """Return quantiles over the starts of all configurations with this package, each configuration weighing alike."""
    pooled = np.concatenate(
        [np.quantile(values[key], np.linspace(0.005, 0.995, 100)) for key in values if key.package == package]
    )
    return [float(value) for value in np.percentile(pooled, levels)]


def _shape(values: dict[Configuration, list[float]], package: Package) -> list[float]:
    """Return quantiles of the starts relative to the median of their configuration."""
    around = [np.asarray(values[key]) / np.median(values[key]) for key in values if key.package == package]
    return [float(value) for value in np.percentile(np.concatenate(around), SHAPE_LEVELS)]


@functools.cache
def published_days() -> dict[Configuration, list[float]]:
    """Return the daily medians in seconds of the second half of the days, by configuration."""
    table = rows(_DAYS)
    found = {}
    for name in table[0]:
        if name != "date":
            runtime, package = name.split()
            medians = [float(row[name]) / 1000 for row in table if row[name]]
            key = Configuration(runtime, package, "x86_64")  # type: ignore[arg-type]
            found[key] = medians[len(medians) // 2 :]
    return found


@functools.cache
def simulated_days() -> dict[Configuration, list[float]]:
    """Return simulated daily medians in seconds, of ten starts each."""
    found = {}
    for key in published_days():
        starts = list(_starts(key, SIMULATED_DAYS * STARTS_A_DAY, None, STARTS_A_DAY))
        found[key] = [
            statistics.median(starts[first : first + STARTS_A_DAY]) for first in range(0, len(starts), STARTS_A_DAY)
        ]
    return found


def _spread(days: Sequence[float]) -> tuple[float, float]:
    low, middle, high = np.percentile(days, (5, 50, 95))
    return float(low / middle), float(high / middle)


def over_configurations() -> list[Finding]:
    """Return the findings over the configurations: quantiles within 10 %."""
    findings = []
    for package in get_args(Package):
        theirs, ours = (_quantiles(values, package, LEVELS) for values in (published(), simulated()))
        findings += [
            relative(f"{package}, all runtimes: p{level} of the starts, s", expected, measured, 0.1)
            for level, expected, measured in zip(LEVELS, theirs, ours, strict=True)
        ]
        theirs, ours = (_shape(values, package) for values in (published(), simulated()))
        findings += [
            relative(f"{package}: p{level} relative to the runtime's median", expected, measured, 0.1)
            for level, expected, measured in zip(SHAPE_LEVELS, theirs, ours, strict=True)
        ]
    return findings


def over_days() -> list[Finding]:
    """Return the findings over the days: the median day, and the 5 % of days that are fastest and slowest."""
    findings = []
    for key, theirs in published_days().items():
        ours = simulated_days()[key]
        name = f"{key.runtime} {key.package}"
        median_s = statistics.median(theirs)
        findings.append(relative(f"{name}: median day, s", median_s, statistics.median(ours), 0.1, _ONE_DAYS_MEDIAN))
        for label, expected, measured in zip(("fastest", "slowest"), _spread(theirs), _spread(ours), strict=True):
            findings.append(relative(f"{name}: the {label} 5 % of days, of the median", expected, measured, 0.1))
    return findings


def init_times() -> list[Finding]:
    """Return the findings of case V16."""
    return [*over_configurations(), *over_days()]


def curves() -> Sequence[Curve]:
    """Return the curves of case V16: the starts of each package in ascending order, over their share."""
    levels = tuple(range(1, 100, 2))

    def points(values: dict[Configuration, list[float]], package: Package) -> tuple[tuple[float, float], ...]:
        return tuple(zip([level / 100 for level in levels], _quantiles(values, package, levels), strict=True))

    return [
        Curve(
            f"Initialisation, {package}",
            "share of the starts",
            "seconds",
            points(published(), package),
            points(simulated(), package),
        )
        for package in get_args(Package)
    ]


def cases() -> list[Case]:
    return [
        Case(
            "V16",
            "Initialisation by runtime, package and day",
            SOURCE,
            init_times,
            Subject.LAMBDA,
            Evidence.MEASUREMENT,
            "2026-08-22",
            "Hello-world functions of 25 runtimes, ten starts a day; placement and package are not included. The law "
            "was fitted to 128 and 512 MB and to the first 143 days; the figures are of 256 and 1,024 MB and of the "
            "other days.",
            curves,
        ),
    ]
