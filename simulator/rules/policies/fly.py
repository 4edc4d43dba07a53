"""Fly.io's proxy with autostart and autostop: it starts and stops existing machines, one at a time (policies 3.10).

The soft limit controls scaling. Requests above the hard limit are rejected (here MaxConcurrency and the service's
overflow). A request that finds every running machine above its soft limit starts one stopped machine. Every few
minutes, if `machines - (machines above soft + 1)` is at least one, exactly one machine is stopped; a single machine is
stopped only without load. There are never more than MaxSize machines. A machine at its hard limit counts as above its
soft limit, even if both are equal.

`auto_stop` selects what happens to a machine that is not needed. A stopped machine keeps its disk: it boots and starts
the application again. A suspended one keeps its memory too: it continues where it was, without the application's
start-up (fly.io/docs/reference/suspend-resume; read). With `off` no machine is stopped, but stopped ones are started.

"Above" has two interpretations if machines differ in load: each of them, or their sum (policies 5). The setting `above`
selects one of them for both starting and stopping.

Source: superfly/docs, reference/fly-proxy-autostop-autostart and reference/load-balancing (read). The loads of single
machines are not observed: the proxy prefers the least loaded one, so the load is assumed to be even.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.metrics.periodic import Periodic
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_choice, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger
from simulator.rules.start_stages import Kept

Above = Literal["each", "sum"]
AutoStop = Literal["stop", "suspend", "off"]
_KEPT: Final[dict[AutoStop, Kept]] = {"stop": Kept.DISK, "suspend": Kept.MEMORY, "off": Kept.DISK}


@dataclass(frozen=True, slots=True)
class FlyParameters:
    """Parameters of the policy. Times are in seconds.

    `soft_limit`: requests in flight per machine; None takes 80 % of MaxConcurrency.

    Raises:
        ValueError: if a number is out of range.
    """

    # fly.toml's defaults are soft 20 and hard 25 (memory), so the default here is 80 % of the hard limit.
    soft_limit: int | None = None
    # ASSUMPTION: "if all the running Machines are above" applies to each machine, as the pages say (policies 5); `sum`:
    # the whole load is above the sum of the soft limits. Starts of machines at uneven load settle it.
    above: Above = "each"
    # ASSUMPTION: "every few minutes" means five; `fly logs` of a service after its traffic has ended settles it.
    stop_every_s: float = 300.0
    # `fly launch` writes "stop" (read). Suspending is for machines of up to 2 GB.
    auto_stop: AutoStop = "stop"
    # "A few hundred ms" from suspended, "2+ seconds" from stopped for common applications, whose own start is most of
    # it (fly.io/docs/reference/suspend-resume; read).
    # ASSUMPTION: a stopped machine boots in about 300 ms ("in about 300ms", Fly's pages; memory), and a suspended one
    # is resumed in the same time. The proxy's log line with the time that it waited for the machine settles both.
    start_lag_s: float = 0.3

    def __post_init__(self) -> None:
        if self.soft_limit is not None:
            check_within("soft_limit", self.soft_limit, 1, 200)
        check_choice("above", self.above, get_args(Above))
        check_choice("auto_stop", self.auto_stop, get_args(AutoStop))
        check_above("stop_every_s", self.stop_every_s, 0)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    def soft_limit_for(self, scaling: AutoScalingConfiguration) -> int:
        if self.soft_limit is not None:
            return min(self.soft_limit, scaling.max_concurrency)
        return max(1, int(0.8 * scaling.max_concurrency))

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        return Requirements(
            (Trigger(Signal.CONCURRENCY, self.soft_limit_for(scaling)),), soonest_s=1.0, slowest_s=self.stop_every_s
        )


class FlyPolicy:
    """Starts one machine for a request above every soft limit; stops one periodically."""

    name = "fly"
    tick_s = 1.0  # a request that only *exceeds* the soft limit is not queued, so it triggers no decision
    reacts_to_queue = True

    def __init__(
        self,
        parameters: FlyParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.actuator = Actuator(
            start_lag_s=parameters.start_lag_s,
            startup_probe_s=readiness.AT_ONCE_S,
            kept=_KEPT[parameters.auto_stop],
        )
        self._parameters = parameters
        # The first stop is possible one whole period after the start.
        self._stops = Periodic(parameters.stop_every_s, first_s=parameters.stop_every_s)
        self._rejected = 0  # in the last second: with no running machine and no queue they are the only sign of traffic
        self._quiet = True  # there was no traffic in the last second

    def observe(self, sample: Sample) -> None:
        self._rejected = sample.rejected
        self._quiet = not (sample.in_flight or sample.arrivals)

    def decide(self, observation: Observation) -> Decision:
        scaling = observation.scaling
        soft = self._parameters.soft_limit_for(scaling)
        load = observation.in_flight + observation.waiting
        machines = observation.ready + observation.coming
        may_stop = self._stops.due(observation.now_s) and self._parameters.auto_stop != "off"
        above = self._above(load, machines, soft, scaling.max_concurrency)
        wanted, formula = machines, f"{load} requests on {machines} machines of soft limit {soft}: {above} above it"
        reason = f"{machines - above} of {machines} machines are not above their soft limit"
        if (above == machines and load) or (machines == 0 and self._rejected):
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
        """Return the number of machines that count as above their soft limit."""
        if not machines:
            return 0
        if self._parameters.above == "sum":
            return min(machines, max(0, math.ceil(load / soft) - 1) if load <= soft * machines else machines)
        return above_soft(load, machines, soft, hard)


def above_soft(load: int, machines: int, soft: int, hard: float = math.inf) -> int:
    """Return how many of `machines` (at least 1) are above their soft limit if `load` is distributed evenly.

    A machine with `hard` requests is full and counts as above, whatever the soft limit is.
    """
    each, rest = divmod(load, machines)
    if each > soft or each >= hard:
        return machines
    return rest if each == soft or each + 1 >= hard else 0
