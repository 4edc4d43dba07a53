"""AWS Lambda's keep-alive: the cold starts of recorded arrivals, replayed one by one (facts validation 18).

In 2020 Mahmoudi and Khazaei sent requests to one function for 28 hours an experiment and recorded which were cold. The
times after which the policy `lambda` ends environments were fitted to the experiments with even numbers; this case
judges them with the others, also those of the facts' case 19. There the expiry is a constant 600 s.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject, relative
from simulator.lab.validate.faas import HELD, LAMBDA_WARM_S, Function
from simulator.lab.validate.ground_truth import rows
from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.registry import POLICIES
from simulator.world.distributions import Constant

SOURCE: Final = "pacslab/serverless-performance-modeling @4b889700"
_FILE: Final = "pacslab/lambda_cold_starts_2020.csv"
JUDGING: Final = (1, 3, 5, 7, 9)
FITTED: Final = (0, 2, 4, 6)
# Random ends of environments change the number of cold starts by a few, so each experiment is replayed several times.
SEEDS: Final = (1, 2, 3)
# Seconds of the simulation per second of the recording, as in faas.py: the platform plays each second, empty or not.
UNIT_S: Final = 0.1


@functools.cache
def recorded(experiment: int) -> tuple[tuple[float, bool], ...]:
    """Return (seconds since the first request, cold) of the requests of an experiment."""
    return tuple(
        (float(row["t_start_s"]), row["cold"] == "1") for row in rows(_FILE) if row["experiment"] == str(experiment)
    )


def cold_starts(experiment: int, seed: int, **changes: Any) -> int:
    """Return the cold starts of the recorded arrivals, without the environment that was there before the first.

    `changes`: parameters in seconds of the recording.
    """
    kind = POLICIES["lambda"]
    defaults = kind.parameters()
    times = {
        name: changes.get(name, getattr(defaults, name))
        for name in ("idle_expiry_s", "idle_expiry_beside_s", "age_limit_s", "recycled_s")
    }
    scaling = AutoScalingConfiguration(max_concurrency=1, min_size=0, max_size=100)
    parameters = kind.parameters(
        environment_rps=defaults.environment_rps / UNIT_S,
        idle_expiry_spread=changes.get("idle_expiry_spread", defaults.idle_expiry_spread),
        **{name: None if value is None else value * UNIT_S for name, value in times.items()},
    )
    # The first recorded request is warm: an environment was there.
    function = Function(
        1.0, Constant(LAMBDA_WARM_S * UNIT_S), kind.build(parameters, scaling), scaling, HELD, initial_size=1
    )
    arrivals_s = np.asarray([at_s for at_s, _ in recorded(experiment)]) * UNIT_S
    return function.replay(arrivals_s, seed).cold - 1


@functools.cache
def simulated(experiment: int) -> float:
    """Return the mean number of cold starts of an experiment."""
    return statistics.fmean(cold_starts(experiment, seed) for seed in SEEDS)


def published(experiment: int) -> int:
    """Return the number of cold starts that were recorded."""
    return sum(cold for _, cold in recorded(experiment))


def replayed() -> list[Finding]:
    """Return the findings of case 18: the cold starts of each experiment.

    The tolerance is a tenth, and at least the standard deviation that random ends of environments leave in a
    recording: the square root of the six that an experiment has.
    """
    findings = []
    for experiment in JUDGING:
        expected, measured = published(experiment), simulated(experiment)
        tolerance = max(0.1 * expected, 6**0.5)
        findings.append(Finding(f"cold starts, experiment {experiment}", expected, measured, tolerance))
    total, ours = sum(map(published, JUDGING)), sum(map(simulated, JUDGING))
    return [*findings, relative("cold starts, all five", total, ours, 0.1)]


def curves() -> Sequence[Curve]:
    """Return the curve of case 18: the cold starts by experiment, from the slowest to the fastest arrivals."""
    every = sorted((*JUDGING, *FITTED))
    return [
        Curve(
            "Cold starts in 28 hours, recorded arrivals",
            "experiment (odd: not fitted)",
            "cold starts",
            tuple((float(experiment), float(published(experiment))) for experiment in every),
            tuple((float(experiment), simulated(experiment)) for experiment in every),
        )
    ]


def cases() -> list[Case]:
    return [
        Case(
            "18",
            "Cold starts of recorded arrivals",
            SOURCE,
            replayed,
            Subject.LAMBDA,
            Evidence.MEASUREMENT,
            "2020",
            "246 to 10,066 requests to one function in 28 hours each. Environments end after 630 s of idling (900 s "
            "beside others), two hours of age, or for the platform's own reasons, as fitted to the other experiments.",
            curves,
        ),
    ]
