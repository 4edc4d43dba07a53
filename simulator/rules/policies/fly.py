"""Fly.io's proxy with autostart and autostop: it starts and stops machines that exist, one at a time (policies 3.10).

Soft limit steers, hard limit refuses (here MaxConcurrency and the service's overflow). A request that finds every
running machine above its soft limit starts one stopped machine. Every few minutes, with `machines - (machines above
soft + 1)` of at least one, exactly one is stopped; a single machine is stopped only without load. Never are there more
than MaxSize. A machine at its hard limit counts as above its soft limit, also where the two are equal.

"Above" has two readings where machines are unlike: each of them, or their sum (policies 5). One setting, `above`, has
it for starting and stopping.

Source: superfly/docs fly-proxy-autostop-autostart (02039144; read). The machines' loads are not observed one by one:
the proxy prefers the least loaded, so they are taken as evenly loaded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.every import Every
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_choice, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger

Above = Literal["each", "sum"]


@dataclass(frozen=True, slots=True)
class FlyParameters:
    """Times in seconds.

    `soft_limit`: requests in flight on a machine; None takes 80 % of MaxConcurrency.

    Raises:
        ValueError: when a number is out of range.
    """

    # fly.toml's defaults are soft 20 and hard 25 (memory): 80 % of whatever the hard limit is here.
    soft_limit: int | None = None
    # ASSUMPTION: "if all the running Machines are above" is read machine by machine, as the pages say it (policies 5);
    # `sum`: the whole load above the sum of the soft limits. Starts of machines at uneven load settle it.
    above: Above = "each"
    # ASSUMPTION: "every few minutes" is taken as five; `fly logs` of a service that has fallen quiet settles it.
    stop_every_s: float = 300.0
    # ASSUMPTION: a stopped machine boots in about 300 ms ("in about 300ms", Fly's own pages; memory). The log line of
    # the proxy that tells how long it waited for the machine settles it.
    start_lag_s: float = 0.3

    def __post_init__(self) -> None:
        if self.soft_limit is not None:
            check_within("soft_limit", self.soft_limit, 1, 200)
        check_choice("above", self.above, get_args(Above))
        check_above("stop_every_s", self.stop_every_s, 0)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    def soft_limit_for(self, scaling: AutoScalingConfiguration) -> int:
        if self.soft_limit is not None:
            return min(self.soft_limit, scaling.max_concurrency)
        return max(1, int(0.8 * scaling.max_concurrency))

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """See requirements.py."""
        return Requirements(
            (Trigger(Signal.CONCURRENCY, self.soft_limit_for(scaling)),), soonest_s=1.0, slowest_s=self.stop_every_s
        )


class FlyPolicy:
    """A request above every soft limit starts one machine; a clock stops one."""

    name = "fly"
    tick_s = 1.0  # a request that only *passes* the soft limit does not wait, so it does not poke either
    pokes = True

    def __init__(
        self,
        parameters: FlyParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  the port's signature; each observation brings the one in force
    ) -> None:
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.AT_ONCE_S)
        self._parameters = parameters
        # The first stop comes a whole period after the start: the proxy has not looked just now.
        self._stops = Every(parameters.stop_every_s, first_s=parameters.stop_every_s)
        self._refused = 0  # of the last second: at zero, where nothing holds, they are all that shows
        self._quiet = True  # nothing was seen in the last second

    def observe(self, sample: Sample) -> None:
        self._refused = sample.refused
        self._quiet = not (sample.in_flight or sample.arrivals)

    def decide(self, observation: Observation) -> Decision:
        scaling = observation.scaling
        soft = self._parameters.soft_limit_for(scaling)
        load = observation.in_flight + observation.waiting
        machines = observation.ready + observation.coming
        may_stop = self._stops.due(observation.now_s)
        above = self._above(load, machines, soft, scaling.max_concurrency)
        wanted, formula = machines, f"{load} requests on {machines} machines of soft limit {soft}: {above} above it"
        reason = f"{machines - above} of {machines} machines are not above their soft limit"
        if (above == machines and load) or (machines == 0 and self._refused):
            wanted, reason = machines + 1, f"all {machines} machines are above their soft limit: one more starts"
        elif may_stop and machines:
            excess = machines - (above + 1)
            formula = f"{machines} - ({above} above soft limit {soft} + 1) = {excess}"
            if excess >= 1:
                wanted, reason = machines - 1, f"{machines - above} machines are below their soft limit: one stops"
            elif machines == 1 and not load and self._quiet:
                wanted, reason = 0, "the last machine has no load"
        desired, clamps = bounded(wanted, scaling)
        inputs = (("load", load), ("machines", machines), ("soft_limit", soft), ("above", above))
        return Decision(desired, formula, reason, inputs, clamps)

    def _above(self, load: int, machines: int, soft: int, hard: int) -> int:
        """How many machines count as above their soft limit."""
        if not machines:
            return 0
        if self._parameters.above == "sum":
            return min(machines, max(0, math.ceil(load / soft) - 1) if load <= soft * machines else machines)
        return above_soft(load, machines, soft, hard)


def above_soft(load: int, machines: int, soft: int, hard: float = math.inf) -> int:
    """How many of `machines` (at least 1) are above their soft limit when `load` is spread evenly.

    One with `hard` requests is full, which counts as above it whatever the soft limit is.
    """
    each, rest = divmod(load, machines)
    if each > soft or each >= hard:
        return machines
    return rest if each == soft or each + 1 >= hard else 0
