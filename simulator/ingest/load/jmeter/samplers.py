"""The requests that the users of a thread group send: HTTP samplers, the controllers around them, and timers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from simulator.ingest.load.jmeter.document import Element, PlanNode, TestPlan
from simulator.ingest.load.jmeter.pauses import Pause, mean_s, pause_of, summed, think_text
from simulator.ingest.load.plan import LoadRequest, path_of, seconds_text

_HTTP: Final = ("HTTPSamplerProxy", "HTTPSampler", "HTTPSampler2")
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")
# Requests of an iteration, with the repetitions of loops; a longer list is no session that a person reads.
STEPS_MAX: Final = 200
_PLAIN: Final = ("GenericController", "TransactionController", "CriticalSectionController", "RecordingController")
_ELSEWHERE: Final = ("ModuleController", "IncludeController")
_ONE_OF: Final = ("RandomController", "InterleaveControl")
_PERCENT: Final = "1"


@dataclass(frozen=True, slots=True)
class SampledStep:
    """A request of an iteration. `pause`: before it. `share`: of the iterations that send it, 0 to 1."""

    method: str
    path: str
    pause: Pause
    share: float


@dataclass(slots=True)
class Iteration:
    """What a user of a thread group does again and again; `guessed` and `dropped` are sentences for the summary.

    `rest`: the pause behind the last request. `rate_timers`: timers that hold a rate.
    """

    steps: list[SampledStep] = field(default_factory=list)
    rest: Pause = Pause(0.0)  # noqa: RUF009 a value that never changes
    rate_timers: list[Element] = field(default_factory=list)
    guessed: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    @property
    def requests(self) -> float:
        """The mean number of requests of an iteration."""
        return sum(step.share for step in self.steps)

    @property
    def pauses_s(self) -> float:
        """The mean of all pauses of an iteration."""
        return mean_s(self.rest) + sum(mean_s(step.pause) * step.share for step in self.steps)

    @property
    def is_mix(self) -> bool:
        """True if some requests are not sent in each iteration."""
        return any(step.share < 1 for step in self.steps)


def iteration_of(plan: TestPlan, group: PlanNode) -> Iteration:
    """Return the requests of an iteration of a thread group."""
    iteration = Iteration()
    outside = [node for node in plan.root.children if "Timer" in node.element.kind]
    timers = [*_pauses(plan, outside), *_pauses(plan, group.children)]
    direct = [*outside, *group.children]
    iteration.rate_timers = [node.element for node in direct if _holds_rate(node)]
    within = [
        node.element for child in group.children for node in child.walk() if node is not child and _holds_rate(node)
    ]
    if sum(node.element.tag in _HTTP for node in group.walk()) == 1:
        iteration.rate_timers += within
    else:
        iteration.dropped += [f"{each.name}: the rate of a part of the requests" for each in within]
    _read(plan, group.children, iteration, timers, 1.0, _default_path(plan, (*plan.root.children, *group.children)))
    iteration.guessed, iteration.dropped = (
        list(dict.fromkeys(iteration.guessed)),
        list(dict.fromkeys(iteration.dropped)),
    )
    return iteration


def requests_of(iteration: Iteration) -> tuple[tuple[LoadRequest, ...], str, bool]:
    """Return the requests, the think time of a user, and whether it begins with that.

    Timers of JMeter are before a request, think times of a scenario behind it: so the pause before the first request
    is the think time between two sessions. Requests that are not in each iteration become a mix, with the mean pause.
    """
    steps = iteration.steps
    if iteration.is_mix:
        mix = tuple(LoadRequest(step.method, step.path, weight=step.share) for step in steps if step.share)
        pause_s = iteration.pauses_s / iteration.requests
        return mix, seconds_text(pause_s) if pause_s else "", True
    if not steps:
        return (), think_text(iteration.rest), False
    behind = [*(step.pause for step in steps[1:]), Pause(0.0)]
    requests = tuple(
        LoadRequest(step.method, step.path, think_text(pause)) for step, pause in zip(steps, behind, strict=True)
    )
    between = summed([iteration.rest, steps[0].pause])
    return requests, think_text(between), bool(mean_s(steps[0].pause))


def _read(
    plan: TestPlan, nodes: Sequence[PlanNode], iteration: Iteration, timers: Sequence[Pause], share: float, base: str
) -> None:
    """Add the requests of consecutive elements, with the timers that are in force there."""
    for node in nodes:
        element, kind = node.element, node.element.kind
        if element.tag in _HTTP:
            path = _path(plan.text(element, "HTTPSampler.path") or base)
            method = plan.text(element, "HTTPSampler.method", "GET").upper()
            pause = summed([iteration.rest, *timers, *_pauses(plan, node.children)])
            iteration.rest = Pause(0.0)
            iteration.steps.append(SampledStep(method, path, pause, share))
        elif kind == "TestAction":
            if plan.text(element, "ActionProcessor.action", "1") == "1":  # a pause
                for_s = plan.number(element, "ActionProcessor.duration", 0) / 1000
                iteration.rest = summed([iteration.rest, *timers, *_pauses(plan, node.children), Pause(for_s)])
        elif kind == "OnceOnlyController":
            iteration.dropped.append(f"{element.name}: requests that each user sends once")
        elif kind in _ELSEWHERE:
            iteration.dropped.append(f"{element.name} ({kind}): the requests of another part of the plan, or file")
        elif "Control" in kind:
            _read_controller(plan, node, iteration, [*timers, *_pauses(plan, node.children)], share, base)
        elif "Sampler" in kind:
            iteration.dropped.append(f"{element.name} ({kind}): not a request of HTTP")
        if len(iteration.steps) > STEPS_MAX:
            found = f"more than {STEPS_MAX} requests in an iteration"
            raise plan.file.problem(element.line, element.name, found, "fewer, in a loop of the thread group")


def _read_controller(
    plan: TestPlan, node: PlanNode, iteration: Iteration, timers: Sequence[Pause], share: float, base: str
) -> None:
    element, kind = node.element, node.element.kind
    base = _default_path(plan, node.children) or base
    turns = 1
    if kind == "LoopController":
        turns = plan.whole(element, "LoopController.loops", 1)
    elif kind == "ThroughputController" and plan.text(element, "ThroughputController.style") == _PERCENT:
        percent = plan.number(element, "ThroughputController.percentThroughput", 100)
        share *= min(percent, 100.0) / 100
    elif kind in _ONE_OF:
        share /= max(1, sum(1 for child in node.children if _sends(child)))
    elif kind not in _PLAIN and any(map(_sends, node.children)):
        iteration.guessed.append(f"{element.name} ({kind}): its requests are sent once in each iteration")
    for _ in range(min(turns, STEPS_MAX + 1)):
        _read(plan, node.children, iteration, timers, share, base)


def _holds_rate(node: PlanNode) -> bool:
    return node.element.kind.endswith("ThroughputTimer")


def _sends(node: PlanNode) -> bool:
    return any(each.element.tag in _HTTP for each in node.walk())


def _pauses(plan: TestPlan, nodes: Sequence[PlanNode]) -> list[Pause]:
    """Return the pauses of the timers among elements; JMeter makes all of them before each request in their scope."""
    return [pause for node in nodes if (pause := pause_of(plan, node.element)) is not None]


def _default_path(plan: TestPlan, nodes: Sequence[PlanNode]) -> str:
    """Return the path of the HTTP Request Defaults among elements; empty if there is none."""
    defaults = [node.element for node in nodes if node.element.tag == "ConfigTestElement"]
    return next((path for each in defaults if (path := plan.text(each, "HTTPSampler.path"))), "")


def _path(text: str) -> str:
    """Return the path of an address, without its query; variables in it are `{id}`."""
    return path_of(_VARIABLE.sub("{id}", re.sub(r"^\$\{[^}]*\}(?=/)", "", text)))
