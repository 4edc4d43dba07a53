"""The load of a test plan of JMeter: one source for each thread group."""

from __future__ import annotations

from typing import Final

from simulator.ingest.input_file import InputFile
from simulator.ingest.load.jmeter.document import PlanNode, TestPlan
from simulator.ingest.load.jmeter.groups import GroupShape, group_shapes, is_group, threads_of
from simulator.ingest.load.jmeter.open_model import open_model_shapes
from simulator.ingest.load.jmeter.samplers import Iteration, iteration_of, requests_of
from simulator.ingest.load.plan import LoadPlan, LoadSource
from simulator.ingest.service_time import UNKNOWN_TIME

_AROUND: Final = ("SetupThreadGroup", "PostThreadGroup")


def is_jmeter(file: InputFile) -> bool:
    """Return True for a test plan of JMeter."""
    return b"<jmeterTestPlan" in file.head


def jmeter_plan(file: InputFile) -> LoadPlan:
    """Return the load of a test plan.

    Raises:
        ScenarioError: if it cannot be read, or has no thread group.
    """
    plan = TestPlan(file)
    groups = [node for node in plan.root.children if is_group(node.element) and node.element.kind not in _AROUND]
    if not groups:
        raise file.problem(plan.root.element.line, plan.root.element.name, "no thread group", "a plan with one")
    one_by_one = plan.flag(plan.root.element, "TestPlan.serialize_threadgroups")
    threads = sum(threads_of(plan, node.element) for node in groups)
    sources: list[LoadSource] = []
    guessed = [f"the service time, {UNKNOWN_TIME}: a test plan does not have it"]
    dropped = ["bodies, headers, assertions, extracted values, files with data"]
    begin_s = 0.0
    for group in groups:
        iteration = iteration_of(plan, group)
        shapes = _shapes(plan, group, iteration, threads)
        for shape in shapes:
            if shape.shape:
                sources.append(_source(group.element.name, shape, iteration, begin_s))
            guessed += shape.guessed
        guessed += _guessed(group, iteration)
        dropped += iteration.dropped
        if one_by_one:
            begin_s = max((source.until_s or 0.0 for source in sources), default=begin_s)
    if not sources:
        raise file.problem(groups[0].element.line, groups[0].element.name, "no threads", "a thread group with a load")
    around = [node.element.name for node in plan.root.children if node.element.kind in _AROUND]
    if around:
        dropped.append(f"thread groups before and after the load: {', '.join(around)}")
    if any(shape.shape.startswith("closed") for shape in sources):
        guessed.append("users wait for each answer, so their rate depends on the service time")
    return LoadPlan(
        title="a test plan of JMeter",
        sources=tuple(sources),
        length_s=max(source.until_s or 0.0 for source in sources),
        requests=tuple(dict.fromkeys(request for source in sources for request in source.requests or ())),
        kept=tuple(f"{source.name}: {source.shape}" for source in sources),
        guessed=tuple(dict.fromkeys(guessed)),
        dropped=tuple(dict.fromkeys(dropped)),
    )


def _shapes(plan: TestPlan, group: PlanNode, iteration: Iteration, threads: int) -> list[GroupShape]:
    if group.element.kind == "OpenModelThreadGroup":
        return open_model_shapes(plan, group.element)
    return group_shapes(plan, group, iteration, threads)


def _source(name: str, shape: GroupShape, iteration: Iteration, begin_s: float) -> LoadSource:
    requests, think, begins_with_it = requests_of(iteration)
    text = shape.shape
    if shape.is_closed:
        begin = "think_time" if begins_with_it else "request"
        text = f"closed: {{{text}, begin: {begin}{f', think_time: {think}' if think else ''}}}"
    return LoadSource(name, text, begin_s + shape.from_s, begin_s + shape.until_s, requests)


def _guessed(group: PlanNode, iteration: Iteration) -> list[str]:
    name = group.element.name
    found = [*iteration.guessed]
    if iteration.is_mix:
        found.append(f"{name}: its requests in the shares of its controllers, one by one, with the mean pause")
    if not iteration.steps:
        found.append(f"{name}: requests to /: it has no HTTP sampler")
    if len(iteration.steps) > 1 and not iteration.is_mix:
        found.append(f"{name}: an iteration ends early after a request that fails; JMeter goes on")
    return found
