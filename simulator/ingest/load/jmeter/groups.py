"""Thread groups of JMeter and of its common plug-ins as shapes of traffic.

Sources: Apache JMeter's user manual, "Thread Group", "Open Model Thread Group", "Constant Throughput Timer", "Precise
Throughput Timer"; the documentation of the plug-ins (jmeter-plugins.org), "Ultimate Thread Group", "Stepping Thread
Group", "Concurrency Thread Group", "Arrivals Thread Group". Threads start at equal intervals of ramp-up / threads, the
first at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.ingest.load.jmeter.document import Element, PlanNode, TestPlan
from simulator.ingest.load.jmeter.samplers import Iteration
from simulator.ingest.load.plan import UNKNOWN_TIME_S, seconds_text
from simulator.model.text.problems import one_of
from simulator.scenario.problems import ScenarioError

# How long a load is played that its user stops by hand.
_ENDLESS_S: Final = 600.0
# Users that end by themselves are given twice the time that their requests take with the guessed service time.
_SPARE: Final = 2.0

# Steps of a plug-in's group; more are no load that a person has planned.
STEPS_MAX: Final = 10_000

_Stages = Sequence[tuple[float, int]]


@dataclass(frozen=True, slots=True)
class GroupShape:
    """A part of the load of a thread group: its shape as YAML, without the think time, and when it begins and ends.

    `think`: where the shape takes the think time of its users; empty for an open load. `guessed`: sentences.
    """

    shape: str
    from_s: float
    until_s: float
    is_closed: bool = True
    guessed: tuple[str, ...] = ()


def group_shapes(plan: TestPlan, group: PlanNode, iteration: Iteration, threads: int) -> list[GroupShape]:
    """Return the load of a thread group. `threads`: of all groups of the plan, among which a timer divides its rate.

    Raises:
        ScenarioError: for a group whose load cannot be read.
    """
    element = group.element
    match element.kind:
        case "ThreadGroup":
            return [_threads(plan, element, iteration, threads)]
        case "UltimateThreadGroup":
            return list(_ultimate(plan, element))
        case "SteppingThreadGroup":
            return [_stepping(plan, element)]
        case "ConcurrencyThreadGroup":
            return [_concurrency(plan, element)]
        case "ArrivalsThreadGroup":
            return [_arrivals(plan, element)]
        case _:
            raise plan.file.problem(element.line, element.name, element.kind, one_of(element.kind, GROUPS))


GROUPS: Final = (
    "ThreadGroup",
    "OpenModelThreadGroup",
    "UltimateThreadGroup",
    "SteppingThreadGroup",
    "ConcurrencyThreadGroup",
    "ArrivalsThreadGroup",
)


def is_group(element: Element) -> bool:
    return element.kind.endswith("ThreadGroup")


def threads_of(plan: TestPlan, element: Element) -> int:
    """Return the number of threads of a group of JMeter's own; 0 for those of plug-ins."""
    return plan.whole(element, "ThreadGroup.num_threads", 1) if element.kind == "ThreadGroup" else 0


# --- JMeter's own -------------------------------------------------------------------------------------------------


def _threads(plan: TestPlan, element: Element, iteration: Iteration, threads: int) -> GroupShape:
    users = threads_of(plan, element)
    ramp_s = plan.number(element, "ThreadGroup.ramp_time", 0)
    is_timed = plan.flag(element, "ThreadGroup.scheduler")
    from_s = plan.number(element, "ThreadGroup.delay", 0) if is_timed else 0.0
    for_s = plan.number(element, "ThreadGroup.duration", 0) if is_timed else 0.0
    loops = _loops(plan, element)
    rate = _rate(plan, iteration, users, threads)
    if rate is not None:
        return _held(element, iteration, rate, from_s, for_s, users * (loops or 0))
    guessed = []
    if not for_s and loops is None:
        for_s = _ENDLESS_S
        guessed.append(f"{element.name}: {for_s:g} s of a load that runs until somebody stops it")
    elif not for_s:
        of_iteration_s = iteration.requests * UNKNOWN_TIME_S + iteration.pauses_s
        for_s = ramp_s + (loops or 0) * of_iteration_s * _SPARE + 1
        guessed.append(f"{element.name}: at most {for_s:.0f} s: its users end after {loops} iterations")
    limit = "" if loops is None else f"iterations: {loops}"
    return GroupShape(
        _users(1, _after_first(users, ramp_s), limit) if users else "", from_s, from_s + for_s, guessed=tuple(guessed)
    )


def _loops(plan: TestPlan, element: Element) -> int | None:
    """Return the iterations of each thread; None without a limit."""
    controller = element.property("ThreadGroup.main_controller")
    if controller is None:
        return None
    loops = plan.text(controller, "LoopController.loops", "-1")
    if loops == "-1" or (not loops and plan.flag(controller, "LoopController.continue_forever")):
        return None
    return plan.whole(controller, "LoopController.loops")


def _after_first(users: int, ramp_s: float) -> _Stages:
    """Return the stages of a ramp-up whose first thread starts at once."""
    if users <= 1:
        return ()
    return ((ramp_s * (users - 1) / users, users),)


def _users(start: int, stages: _Stages, limit: str = "") -> str:
    """Return the fields of a closed source."""
    fields = [f"users: {start}"]
    if stages:
        listed = ", ".join(f"{{duration: {seconds_text(length_s)}, target: {target}}}" for length_s, target in stages)
        fields.append(f"stages: [{listed}]")
    return ", ".join([*fields, *([limit] if limit else [])])


# --- timers that hold a rate ----------------------------------------------------------------------------------------

_MODES: Final = (
    "this thread only",
    "all active threads",
    "all active threads in current thread group",
    "all active threads (shared)",
    "all active threads in current thread group (shared)",
)


@dataclass(frozen=True, slots=True)
class _Rate:
    """Requests a second of a group. `is_random`: at random times instead of equal intervals."""

    rps: float
    is_random: bool = False


def _rate(plan: TestPlan, iteration: Iteration, users: int, threads: int) -> _Rate | None:
    """Return the rate that the timers of a group hold: the lowest; None without one."""
    rates = [_rate_of(plan, each, users, threads) for each in iteration.rate_timers]
    return min(rates, key=lambda each: each.rps, default=None)


def _rate_of(plan: TestPlan, timer: Element, users: int, threads: int) -> _Rate:
    throughput = plan.number(timer, "throughput")
    if timer.kind == "PreciseThroughputTimer":
        return _Rate(throughput / max(plan.number(timer, "throughputPeriod", 3600), 1e-3), is_random=True)
    given = plan.text(timer, "calcMode", "0")
    mode = _MODES.index(given) if given in _MODES else plan.whole(timer, "calcMode", 0)
    if mode == 0:
        return _Rate(throughput / 60 * users)
    of_all_groups = mode in {1, 3}
    return _Rate(throughput / 60 * (users / threads if of_all_groups and threads else 1.0))


def _held(
    element: Element, iteration: Iteration, rate: _Rate, from_s: float, for_s: float, iterations: int
) -> GroupShape:
    """Return the load of a group whose rate a timer holds, as arrivals: of iterations, or of requests of a mix."""
    each = 1.0 if iteration.is_mix else max(iteration.requests, 1.0)
    rps = rate.rps / each
    guessed = [f"{element.name}: the rate of its timer at all response times; in JMeter its threads limit it too"]
    if iterations and rps:
        needed_s = iterations * max(iteration.requests, 1.0) / rate.rps
        for_s = min(for_s, needed_s) if for_s else needed_s
    elif not for_s:
        for_s = _ENDLESS_S
        guessed.append(f"{element.name}: {for_s:g} s of a load that runs until somebody stops it")
    shape = f"{'poisson' if rate.is_random else 'clock'}: {{rate: {rps:.9g}/s}}"
    return GroupShape(shape, from_s, from_s + for_s, is_closed=False, guessed=tuple(guessed))


# --- plug-ins -------------------------------------------------------------------------------------------------------


def _ultimate(plan: TestPlan, element: Element) -> Iterator[GroupShape]:
    """Yield a source for each row: threads, initial delay, start-up, hold and shutdown in seconds."""
    table = element.property("ultimatethreadgroupdata")
    for row in () if table is None else table.parts:
        values = [plan.value(part, f"{element.name}: row", part) for part in row.parts]
        if len(values) != 5:
            raise plan.file.problem(row.line, element.name, f"{len(values)} values in a row", "five")
        users, delay_s, up_s, hold_s, down_s = values
        stages = ((up_s, int(users)), (hold_s, int(users)), (down_s, 0))
        yield GroupShape(_users(0, stages), delay_s, delay_s + up_s + hold_s + down_s)


def _stepping(plan: TestPlan, element: Element) -> GroupShape:
    users = plan.whole(element, "ThreadGroup.num_threads")
    first = plan.whole(element, "Start users count burst", 0)
    step, step_s = plan.whole(element, "Start users count"), plan.number(element, "Start users period", 0)
    ramp_s, hold_s = plan.number(element, "rampUp", 0), plan.number(element, "flighttime", 0)
    down, down_s = plan.whole(element, "Stop users count", 0), plan.number(element, "Stop users period", 0)
    delay_s = plan.number(element, "Threads initial delay", 0)
    for name, size in (("Start users count", step), ("Stop users count", down)):
        if size and users / size > STEPS_MAX:
            raise _too_many_steps(plan, element, name, f"{users} users in steps of {size}")
    if not step and users - first > STEPS_MAX:
        raise _too_many_steps(plan, element, "Start users count", "0")
    stages: list[tuple[float, int]] = []
    now, target = 0, min(users, first or step)
    while now < users:
        stages += [(ramp_s, target), (step_s if target < users else hold_s, target)]
        now, target = target, min(users, target + max(step, 1))
    while now and down:
        now = max(0, now - down)
        stages += [(0.0, now), (down_s if now else 0.0, now)]
    return GroupShape(_users(0, stages), delay_s, delay_s + sum(length_s for length_s, _ in stages))


def _too_many_steps(plan: TestPlan, element: Element, name: str, found: str) -> ScenarioError:
    return plan.file.problem(element.line, f"{element.name}: {name}", found, f"at most {STEPS_MAX:,} steps")


def _levels(plan: TestPlan, element: Element) -> tuple[float, list[tuple[float, float]]]:
    """Return the target of a group of the plug-ins, and its stages of (seconds, level)."""
    unit_s = 60.0 if plan.text(element, "Unit", "M").upper().startswith("M") else 1.0
    target = plan.number(element, "TargetLevel")
    ramp_s, hold_s = plan.number(element, "RampUp", 0) * unit_s, plan.number(element, "Hold", 0) * unit_s
    steps = plan.whole(element, "Steps", 0)
    if steps > STEPS_MAX:
        raise _too_many_steps(plan, element, "Steps", str(steps))
    if not steps:
        return target, [(ramp_s, target), (hold_s, target)]
    levels: list[tuple[float, float]] = []
    for number in range(1, steps + 1):
        levels += [(0.0, target * number / steps), (ramp_s / steps, target * number / steps)]
    return target, [*levels, (hold_s, target)]


def _concurrency(plan: TestPlan, element: Element) -> GroupShape:
    _, levels = _levels(plan, element)
    stages = [(length_s, round(level)) for length_s, level in levels]
    return GroupShape(_users(0, stages), 0.0, sum(length_s for length_s, _ in stages))


def _arrivals(plan: TestPlan, element: Element) -> GroupShape:
    unit_s = 60.0 if plan.text(element, "Unit", "M").upper().startswith("M") else 1.0
    _, levels = _levels(plan, element)
    listed = ", ".join(
        f"{{duration: {seconds_text(length_s)}, target: {level / unit_s:.9g}/s}}" for length_s, level in levels
    )
    return GroupShape(
        f"stages: {{spacing: clock, stages: [{listed}]}}", 0.0, sum(length_s for length_s, _ in levels), is_closed=False
    )
