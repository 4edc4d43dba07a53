"""Simple model predictive control: finds the cheapest plan for the next steps and carries out its first step.

Based on the controller of arXiv 2508.07640 (policies 3.11), which forecasts by Fourier series and plans warm-ups and
dispatch for OpenWhisk; its weights were not read. Here the forecast is a straight line through the last points, and a
plan has a number of instances (level) for each of `steps` steps. An instance requested now serves after `start_lag_s`;
a removed one is gone immediately. A step costs `shortage_cost` for each missing instance, 1 for each surplus instance,
and `change_cost` for each instance added or removed.

The cost is piecewise linear and changes its slope only where a level equals a demand or the present number. So only
these levels are tried, and the best plan is found by dynamic programming from the last step to the first.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.metrics.forecast import straight_line
from simulator.rules.policies.metrics.metric import EPSILON, OfferedLoad
from simulator.rules.policies.metrics.published_metric import PublishedMetric
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger


@dataclass(frozen=True, slots=True)
class MpcParameters:
    """Parameters of the policy. Times are in seconds, costs in units of one idle instance for one step.

    Raises:
        ValueError: if a number is out of range.
    """

    step_s: float = 15.0
    steps: int = 4  # policies 3.11: a horizon of 3 to 5 is enough for a baseline
    history: int = 8  # points for the straight line: two minutes
    target_utilisation: float = 0.7  # Knative's value, so that the two are comparable
    # ASSUMPTION: a missing instance costs ten times as much as an idle one, and a change as much as two idle steps. The
    # user must choose these weights: the Pareto chart of a sweep over them shows their effect.
    shortage_cost: float = 10.0
    change_cost: float = 2.0
    # ASSUMPTION: a start takes half a minute, as on App Runner; a platform preset sets its own value.
    start_lag_s: float = 30.0

    def __post_init__(self) -> None:
        check_whole_seconds("step_s", self.step_s, 1, 3600)
        check_within("steps", self.steps, 1, 12)
        check_within("history", self.history, 2, 1000)
        check_above("target_utilisation", self.target_utilisation, 0)
        check_within("target_utilisation", self.target_utilisation, 0, 1)
        check_within("shortage_cost", self.shortage_cost, 0, 1e6)
        check_within("change_cost", self.change_cost, 0, 1e6)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    @property
    def delay(self) -> int:
        """Number of steps until an instance requested now serves."""
        return math.ceil(self.start_lag_s / self.step_s)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        return Requirements(
            (Trigger(Signal.OFFERED, self.target_utilisation * scaling.max_concurrency),),
            soonest_s=self.step_s,
            slowest_s=self.history * self.step_s,
        )


class MpcPolicy:
    """Plans at every step, from the load offered in the last steps."""

    name = "mpc"
    reacts_to_queue = False

    def __init__(
        self,
        parameters: MpcParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.tick_s = parameters.step_s
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.APP_RUNNER_S)
        self._parameters = parameters
        self._offered = OfferedLoad()
        self._points = PublishedMetric(parameters.step_s)
        self._seen = 0
        self._past: deque[float] = deque(maxlen=parameters.history)

    def observe(self, sample: Sample) -> None:
        self._points.record(sample.second, self._offered.of(sample))

    def decide(self, observation: Observation) -> Decision:
        parameters, scaling = self._parameters, observation.scaling
        newest = self._points.newest(observation.now_s)
        if self._points.count > self._seen and newest is not None:
            self._seen = self._points.count
            self._past.append(newest)
        present = observation.ready + observation.coming
        demand = self._demand(parameters.target_utilisation * scaling.max_concurrency)
        level, cost = best_first_level(present, demand, parameters)
        desired, clamps = bounded(level, scaling)
        return Decision(
            desired=desired,
            formula=f"cheapest plan from {present} for {', '.join(map(str, demand))} = {level} (cost {cost:g})",
            reason=f"demand is expected to go from {demand[0]} to {demand[-1]} instances in "
            f"{(len(demand) - 1) * parameters.step_s:g} s",
            inputs=(("present", present), ("load", newest or 0.0), ("demand_last", demand[-1])),
            clamps=clamps,
        )

    def _demand(self, each: float) -> list[int]:
        """Return the instances needed now and in each step up to the horizon, by the straight line and at least 0."""
        count = self._parameters.delay + self._parameters.steps
        if not self._past:
            return [0] * count
        last = len(self._past) - 1
        times = range(len(self._past))
        first, second = (straight_line(times, self._past, last + ahead) for ahead in (0, 1))
        loads = (first + (second - first) * ahead for ahead in range(count))
        return [max(0, math.ceil(load / each - EPSILON)) for load in loads]


def best_first_level(present: int, demand: Sequence[int], parameters: MpcParameters) -> tuple[int, float]:
    """Return the first level of the cheapest plan, and the plan's cost.

    `demand[k]` instances are needed in step k from now; a plan has a level for each of `parameters.steps` steps, and
    its level j serves in step `delay + j`. Of equally good levels the smallest is chosen.
    """
    delay = parameters.delay
    levels = sorted({present, *demand})
    behind = [0.0] * len(levels)  # minimum cost of the steps after this one, by the level of this one
    for needed in reversed(demand[delay + 1 :]):
        here = [_step_cost(level, needed, parameters) + later for level, later in zip(levels, behind, strict=True)]
        behind = [
            min(cost + parameters.change_cost * abs(to - level) for to, cost in zip(levels, here, strict=True))
            for level in levels
        ]
    best = (math.inf, present)
    for level, later in zip(levels, behind, strict=True):
        cost = later + parameters.change_cost * abs(level - present)
        cost += sum(_step_cost(min(level, present), needed, parameters) for needed in demand[:delay])
        cost += _step_cost(level, demand[delay], parameters)
        best = min(best, (cost, level))
    return best[1], best[0]


def _step_cost(level: int, needed: int, parameters: MpcParameters) -> float:
    return parameters.shortage_cost * (needed - level) if needed > level else float(level - needed)
