"""The Pareto frontier of comparisons and sweeps: passing points that no other point beats in both cost and latency.

A point that fails a check of its scenario, or whose error rate is so high that its percentiles cover too few requests,
is cheap and fast because it does not serve its requests: it is never on the frontier and never named best. A check that
requires a minimum of something undesirable, such as `status_429 > 0`, only documents what the scenario demonstrates: a
point without any 429 does not fail because of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from simulator.model.text.quantities import ratio_text
from simulator.scenario.check_expression import parse_check

# At this error rate the 95th percentile over all requests is undefined: rejected and failed requests count as
# infinitely slow.
ERROR_RATE_MAX: Final = 0.05


def pareto(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return the indexes of the points that no other point beats in both coordinates, in ascending order of the first.

    Lower coordinates are better.
    """
    best = float("inf")
    front = []
    for index in sorted(range(len(points)), key=lambda number: points[number]):
        if points[index][1] < best:
            best = points[index][1]
            front.append(index)
    return front


def frontier(points: Sequence[tuple[float, float]], passing: Sequence[bool]) -> list[int]:
    """Return the indexes of the Pareto-optimal points among those that pass."""
    real = [index for index, passes in enumerate(passing) if passes]
    return [real[place] for place in pareto([points[index] for index in real])]


def failures_of(error_rate: float, failed_checks: Mapping[str, int], runs: int) -> tuple[str, ...]:
    """Return the reasons why a point of `runs` runs fails; empty if it passes.

    `failed_checks` maps a check's text to the number of runs that failed it; the point fails a check that more than
    half of its runs failed. The limit on the error rate applies even if a check allows more: the point's percentiles
    cover only the requests that were served.
    """
    most = [text for text, count in failed_checks.items() if 2 * count > runs]
    failed = [text for text in most if not parse_check(text).asks_for_worse]
    lost = [f"error rate {ratio_text(error_rate)}"] if error_rate >= ERROR_RATE_MAX else []
    return (*lost, *failed)
