"""Google Cloud Run: the larger of CPU and concurrency, each a one-minute mean with a target of 60 % (policies 3.6, P7).

`max(ceil(CPU seconds/s / (0.6 x vCPUs)), ceil(in flight / (0.6 x MaxConcurrency)))`. In addition to the means, every
MaxConcurrency queued requests require one instance, so a burst does not wait until the mean rises. Instances that are
no longer needed stay idle for up to 15 minutes, including the last one; they are removed one after another, the last
one at the end. The instances at the first decision count as needed until then.

A cold start is the placement of the sandbox and the application's `start_up`. With `language` the platform adds the
measured start of a hello-world service instead of the assumed placement (validation-2 V20); the application's own
start-up follows. It is billed from its launch on.

Not simulated, because numbers are missing: "at lower instance counts the thresholds are higher", and the slight
overshoot of MaxSize in surges.

Needs the signal `cpu`, unless `cpu_target` is left out (`cpu_target: null`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, get_args

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.metrics.metric import CPU, EPSILON
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_choice, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger
from simulator.rules.start_stages import InitLaw, QuantileCurve, StartLaw, StartPath, StartStage
from simulator.rules.windows import FadingMax, SlidingSum

Language = Literal["python", "nodejs", "go", "c++", "rust"]


class _ColdStart(NamedTuple):
    """The seconds of a cold start from the call to the answer: the shortest, the mean and the longest."""

    shortest_s: float
    mean_s: float
    longest_s: float


# A service of 1 vCPU and 512 MiB without boost, called every half hour from 13 to 20 March 2024 (validation-2 V20: read
# off plots). "Below 0.1 s" is taken as 0.08 s.
COLD_STARTS: Final[Mapping[Language, _ColdStart]] = MappingProxyType(
    {
        "python": _ColdStart(1.0, 1.75, 3.0),
        "nodejs": _ColdStart(2.0, 3.0, 7.0),
        "go": _ColdStart(0.05, 0.125, 0.25),
        "c++": _ColdStart(0.05, 0.08, 0.3),
        "rust": _ColdStart(0.05, 0.08, 0.2),
    }
)
# The shortest starts of compiled programs take 0.05 s, their own start some milliseconds of that (V20).
_PLACEMENT_S: Final = 0.04
# ASSUMPTION: a sandbox is placed and a small image is read in 0.1 s: the whole cold starts of Go, C++ and Rust take
# little more on average (V20). "Container startup latency" minus the time in the application's log settles it.
_PLACEMENT_AND_IMAGE_S: Final = 0.1
_LEVELS: Final = 20  # intervals between the quantiles of a law


@dataclass(frozen=True, slots=True)
class CloudRunParameters:
    """Parameters of the policy. Times are in seconds; targets are shares of an instance's vCPUs and of its
    MaxConcurrency.

    Raises:
        ValueError: if a number is out of range.
    """

    cpu_target: float | None = 0.6  # cloud.google.com/run/docs/about-instance-autoscaling (read)
    concurrency_target: float = 0.6  # the same page
    vcpus: float = 1.0  # per instance
    window_s: float = 60.0  # the same page: "over a one minute window"
    tick_s: float = 5.0  # according to an older page (weak)
    # "Up to 15 minutes" (memory): a bound after which no idle instance remains.
    idle_s: float = 900.0
    # ASSUMPTION: it is not published when idle instances are removed before that (policies 5): evenly over the whole
    # time; 0 keeps all of them until the end. The number of idle instances after a burst settles it.
    idle_spread: float = 1.0
    language: Language | None = None  # of the service; its hello-world start precedes the application's own
    start_lag_s: float | None = None  # None: 0.1 s, and with `language` the measured start

    def __post_init__(self) -> None:
        for name in ("cpu_target", "concurrency_target"):
            target = getattr(self, name)
            if target is not None:
                check_above(name, target, 0)
                check_within(name, target, 0, 1)
        check_above("vcpus", self.vcpus, 0)
        check_whole_seconds("window_s", self.window_s, 1, 3600)
        check_within("tick_s", self.tick_s, 0.1, 3600)
        check_within("idle_s", self.idle_s, 0, 86400)
        check_within("idle_spread", self.idle_spread, 0, 1)
        if self.language is not None:
            check_choice("language", self.language, get_args(Language))
        if self.start_lag_s is not None:
            check_within("start_lag_s", self.start_lag_s, 0, 3600)

    @property
    def start_law(self) -> StartLaw | None:
        """The start of an instance; None without a language."""
        if self.language is None:
            return None
        lag_s = _PLACEMENT_S if self.start_lag_s is None else self.start_lag_s
        path = StartPath(1.0, (StartStage("placement", lag_s, lag_s),))
        return StartLaw((path,), _init_law(COLD_STARTS[self.language]))

    @property
    def needs(self) -> frozenset[str]:
        return frozenset() if self.cpu_target is None else frozenset({CPU})

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        by_cpu = () if self.cpu_target is None else (Trigger(Signal.CPU, self.cpu_target * self.vcpus),)
        by_concurrency = Trigger(Signal.CONCURRENCY, self.concurrency_target * scaling.max_concurrency)
        return Requirements(
            (Trigger(Signal.QUEUED), by_concurrency, *by_cpu), slowest_s=max(self.window_s, self.idle_s)
        )


class CloudRunPolicy:
    """Sizes by the means at every tick; a queued request triggers a decision."""

    name = "cloud-run"
    reacts_to_queue = True

    def __init__(
        self,
        parameters: CloudRunParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.tick_s = parameters.tick_s
        law, lag_s = parameters.start_law, parameters.start_lag_s
        if law is not None:
            lag_s = law.mean_s
        self.actuator = Actuator(
            start_lag_s=_PLACEMENT_AND_IMAGE_S if lag_s is None else lag_s,
            startup_probe_s=readiness.AT_ONCE_S,
            start_law=law,
        )
        self._parameters = parameters
        self._in_flight = SlidingSum(int(parameters.window_s))
        self._cpu_s = SlidingSum(int(parameters.window_s)) if parameters.cpu_target is not None else None
        self._kept = FadingMax(parameters.idle_s, parameters.idle_spread) if parameters.idle_s > 0 else None
        self._has_decided = False

    def observe(self, sample: Sample) -> None:
        self._in_flight.record(sample.second, sample.in_flight)
        if self._cpu_s is not None:
            self._cpu_s.record(sample.second, sample.cpu_s)

    def decide(self, observation: Observation) -> Decision:
        parameters, scaling = self._parameters, observation.scaling
        in_flight, cpu = self._in_flight.mean, 0.0 if self._cpu_s is None else self._cpu_s.mean
        each = parameters.concurrency_target * scaling.max_concurrency
        by_concurrency = math.ceil(in_flight / each - EPSILON)
        by_cpu = 0
        if parameters.cpu_target is not None:
            by_cpu = math.ceil(cpu / (parameters.cpu_target * parameters.vcpus) - EPSILON)
        waiting = _for_waiting(observation)
        wanted = max(by_concurrency, by_cpu, waiting)
        clamps: tuple[str, ...] = ()
        reason = _reason(wanted, by_concurrency, by_cpu, waiting)
        if self._kept is not None:
            if not self._has_decided:
                self._kept.record(observation.now_s, observation.ready + observation.coming)
            kept, peak, ago_s = self._kept.record(observation.now_s, wanted)
            if kept > wanted:
                clamps = (f"idle for up to {parameters.idle_s:g} s: {kept}",)
                reason += f"; {kept} of the {peak} instances of {ago_s:.3g} s ago stay, idle"
                wanted = kept
        self._has_decided = True
        desired, clamps = bounded(wanted, scaling, clamps)
        return Decision(
            desired=desired,
            formula=f"max(ceil({in_flight:.6g} / {each:g}) = {by_concurrency}, CPU {by_cpu}, waiting {waiting})",
            reason=reason,
            inputs=(
                ("in_flight", in_flight),
                ("cpu_s", cpu),
                ("waiting", observation.waiting),
                ("ready", observation.ready),
                ("coming", observation.coming),
            ),
            clamps=clamps,
        )


def _init_law(cold: _ColdStart) -> InitLaw:
    """Return the law of a cold start after its placement.

    Between its shortest and longest time it is a power of the level, the one with the published mean.
    ASSUMPTION: the published figures are a range and a mean; the single values of the plots settle the shape.
    """
    range_s = cold.longest_s - cold.shortest_s
    power = range_s / (cold.mean_s - cold.shortest_s) - 1
    levels = [number / _LEVELS for number in range(_LEVELS + 1)]
    times_s = [cold.shortest_s - _PLACEMENT_S + range_s * level**power for level in levels]
    median_s = times_s[_LEVELS // 2]
    return InitLaw(
        median_s, QuantileCurve(tuple((level, at_s / median_s) for level, at_s in zip(levels, times_s, strict=True)))
    )


def _for_waiting(observation: Observation) -> int:
    """Return the instances needed for a slot for every request if requests are queued; otherwise 0."""
    if not observation.waiting:
        return 0
    places = observation.scaling.max_concurrency
    wanted = math.ceil((observation.in_flight + observation.waiting) / places)
    short = observation.waiting - observation.coming * places
    if short > 0:  # Free slots may be on instances that are being removed, so count from the existing instances.
        wanted = max(wanted, observation.ready + observation.coming + math.ceil(short / places))
    return wanted


def _reason(wanted: int, by_concurrency: int, by_cpu: int, waiting: int) -> str:
    if wanted == by_concurrency:
        return "the mean concurrency of a minute decides"
    if wanted == by_cpu:
        return "the mean CPU of a minute decides"
    assert wanted == waiting
    return "requests wait without a free or starting slot"
