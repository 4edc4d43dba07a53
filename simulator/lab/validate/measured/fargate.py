"""Tasks on Fargate: how long they take to start (facts validation-2 V17), and which autoscaler loses less (V19).

V17: ten starts of a 413 MB image, from the creation of the task to the start of its container, without a load balancer.
The start is played as a scale-out: the time between the decision and the launch of the task.

V19: a benchmark of services of Node.js, whose load and settings are not published in a form that could be read, so
only the order of the two autoscalers is compared. Here a task computes one request at a time, as an event loop does,
behind an Application Load Balancer; the load jumps to a multiple of the initial capacity. Both autoscalers act above
the same utilisation of CPU, 60 %. The article gives step scaling one point of a minute above the threshold, target
tracking has three. The steps are those of AWS's guide.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject, relative
from simulator.lab.validate.measured.played import PlayedScenario

STARTS_SOURCE: Final = "elasticscale.com, reduce-aws-fargate-pull-times-with-soci, 10 Apr 2024"
# Seconds from creation to start of the ten tasks; their published mean is 57 s.
PUBLISHED_STARTS_S: Final = (61.0, 59.0, 53.0, 59.0, 62.0, 55.0, 55.0, 56.0, 56.0, 53.0)
IMAGE: Final = "413 MB"
STARTS: Final = 400
# AWS's benchmark: 386 s until provisioned, 363 s until the trigger (V1).
BENCHMARK_START_S: Final = 23.0

ORDER_SOURCE: Final = "blog.platformatic.dev/aws-ecs-autoscaler-vs-platformatic-icc"
# Share of successful requests and median in ms of target tracking and of step scaling.
PUBLISHED_SUCCESS: Final = (0.7476, 0.8558)
PUBLISHED_MEDIAN_MS: Final = (929.0, 471.0)
TASKS: Final = 2
TASK_RPS: Final = 25.0  # capacity of a task
PEAKS: Final = (1.25, 1.5, 2.0)  # multiples of the initial capacity
PEAK_S: Final = 900
BEFORE_S: Final = 600
POLICIES: Final = (
    "{name: target-tracking, target: 0.6}",
    "{name: step-scaling, threshold: 0.6, out_points: 1, scale_out_cooldown: 60s}",
)


class PeakOutcome(NamedTuple):
    """What the clients of a service got during the peak: the share of successes, and the median in seconds."""

    success: float
    median_s: float


def _starts_text(image: str) -> str:
    return f"""
duration: 400s
services:
  tasks:
    min_size: 1
    initial_size: 1
    max_size: {STARTS + 1}
    policy: {{name: step-scaling, threshold: 0.5, out_points: 1, metric_period: 20s, metric_late: 0s,
      adjustment: exact, scale_out: [{{by: {STARTS + 1}, lower: 0}}], scale_in: [], image: {image}}}
    application: {{simulated: {{cpu: 20ms}}}}
traffic:
  - clock: {{rate: 60/s}}
"""


@functools.cache
def starts_s(image: str = IMAGE) -> tuple[float, ...]:
    """Return the seconds from the decision to the launch of each of many tasks, in ascending order."""
    played = PlayedScenario(_starts_text(image))
    (decided_s, _), *_ = played.decisions(0.0)
    launches: list[float] = []
    for (_, before), (at_s, count) in pairwise(zip(played.replicas.times_s, played.replicas.counts, strict=True)):
        launches += [at_s - decided_s] * max(0, count - before) * (at_s > decided_s)
    return tuple(sorted(launches))


def fargate_starts() -> list[Finding]:
    """Case V17: the mean of the ten starts, their range, and the start in AWS's benchmark."""
    simulated = starts_s()
    mean_s = sum(PUBLISHED_STARTS_S) / len(PUBLISHED_STARTS_S)
    small = starts_s("20 MB")
    return [
        relative("seconds until started, mean", mean_s, sum(simulated) / len(simulated), 0.15),
        relative("fastest", min(PUBLISHED_STARTS_S), min(simulated), 0.15),
        relative("slowest", max(PUBLISHED_STARTS_S), max(simulated), 0.15),
        relative("a small image (V1: provisioned - trigger)", BENCHMARK_START_S, sum(small) / len(small), 0.15),
    ]


def start_curves() -> Sequence[Curve]:
    """Case V17: the starts in ascending order, over their share."""

    def ascending(starts: Sequence[float]) -> tuple[tuple[float, float], ...]:
        return tuple(((place + 0.5) / len(starts), start_s) for place, start_s in enumerate(sorted(starts)))

    label, unit = "share of the starts", "seconds until the container starts"
    return [Curve("Start of a task, 413 MB", label, unit, ascending(PUBLISHED_STARTS_S), ascending(starts_s()))]


def _peak_text(policy: str, peak: float) -> str:
    return f"""
duration: {BEFORE_S + PEAK_S}s
services:
  tasks:
    min_size: {TASKS}
    max_size: 20
    max_concurrency: 200
    load_balancer: application
    policy: {policy}
    application: {{simulated: {{cpu: {1 / TASK_RPS:g}s, workers: 1, start_up: 2s}}}}
traffic:
  - spike:
      base: {0.4 * TASKS * TASK_RPS:g}/s
      peak: {peak * TASKS * TASK_RPS:g}/s
      at: {BEFORE_S}s
      for: {PEAK_S}s
"""


@functools.cache
def service(policy: str, peak: float) -> PeakOutcome:
    """Return what clients get during a peak with a policy."""
    played = PlayedScenario(_peak_text(policy, peak))
    sent = played.within(BEFORE_S, BEFORE_S + PEAK_S)
    return PeakOutcome(float((played.status[sent] == 200).mean()), float(np.median(played.latency_s[sent])))


def order() -> list[Finding]:
    """Case V19: at how many of the peaks target tracking is not worse than step scaling.

    Both figures are counts whose expected value is 0, so they are no part of a median error.
    """
    pairs = [tuple(service(policy, peak) for policy in POLICIES) for peak in PEAKS]
    return [
        Finding(
            f"peaks of {len(PEAKS)} at which target tracking has as many successes as step scaling",
            0,
            sum(tracking.success >= step.success for tracking, step in pairs),
        ),
        Finding(
            f"peaks of {len(PEAKS)} at which its median is as low",
            0,
            sum(tracking.median_s <= step.median_s for tracking, step in pairs),
        ),
    ]


def cases() -> list[Case]:
    case = partial(Case, subject=Subject.ECS, evidence=Evidence.MEASUREMENT)
    return [
        case(
            "V17",
            "Start of a task on Fargate",
            STARTS_SOURCE,
            fargate_starts,
            dated="2024-04-10",
            set_up="Ten starts of a 413 MB PHP image without a load balancer, in a private subnet. The rate of the "
            "pull (12 MB/s) is taken from the same starts, so the case shows how the stages add up and spread.",
            curves=start_curves,
        ),
        case(
            "V19",
            "Step scaling against target tracking",
            ORDER_SOURCE,
            order,
            dated="2026",
            set_up="Services of Node.js under a load that is not published: 85.58 % of the requests succeed with step "
            "scaling, 74.76 % with target tracking, medians 471 and 929 ms. Only the order is compared.",
        ),
    ]
