"""The frontier of comparisons and sweeps: points that pass and that no other point beats in both cost and latency.

A point that fails a check of its scenario, or whose error rate is so high that its percentiles mean nothing, is cheap
and fast for the wrong reason: it is on no frontier, and is never named best. A check that requires a minimum of
something bad, such as `status_429 > 0`, says what the scenario shows: a point without any 429 does not fail by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from simulator.model.text.quantities import ratio_text
from simulator.scenario.check_expression import parse_check

# Above this error rate there is no 95th percentile over all requests: rejected and failed ones count as infinitely
# slow.
ERROR_RATE_MAX: Final = 0.05


def pareto(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return indexes of the points that no other beats in both coordinates (less is better), by the first one."""
    best = float("inf")
    front = []
    for index in sorted(range(len(points)), key=lambda number: points[number]):
        if points[index][1] < best:
            best = points[index][1]
            front.append(index)
    return front


def frontier(points: Sequence[tuple[float, float]], passing: Sequence[bool]) -> list[int]:
    """Return the Pareto indexes among the points that pass."""
    real = [index for index, passes in enumerate(passing) if passes]
    return [real[place] for place in pareto([points[index] for index in real])]


def failures_of(error_rate: float, failed_checks: Mapping[str, int], runs: int) -> tuple[str, ...]:
    """Return the reasons why a point of `runs` runs fails; empty if it passes.

    `failed_checks`: by the check's text, how many of the runs failed it: more than half of them is a failure. A check
    that allows a higher error rate does not help: the point's percentiles cover only the requests that were served.
    """
    most = [text for text, count in failed_checks.items() if 2 * count > runs]
    failed = [text for text in most if not parse_check(text).asks_for_worse]
    lost = [f"error rate {ratio_text(error_rate)}"] if error_rate >= ERROR_RATE_MAX else []
    return (*lost, *failed)
