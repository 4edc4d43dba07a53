"""Passes over resources: each name begins after those that it waits for; failures stop the others, or do not."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from simulator.control.stacks.stack_walk import StackWalk, StepProgress, reversed_waits
from tests.virtual import run_virtual


class Steps:
    """Each name needs `looks` checks, begins at its `tries`th attempt, and fails if it is in `broken`."""

    def __init__(self, looks: dict[str, int], broken: set[str], tries: int = 1) -> None:
        self.looks = dict(looks)
        self.broken = broken
        self.tries = dict.fromkeys(looks, tries)
        self.log: list[str] = []

    def begin(self, name: str) -> StepProgress:
        self.tries[name] -= 1
        if self.tries[name]:
            return StepProgress.LATER
        self.log.append(f"+{name}")
        return self.check(name)

    def check(self, name: str) -> StepProgress:
        if self.looks[name]:
            self.looks[name] -= 1
            return StepProgress.RUNNING
        self.log.append(f"-{name}")
        return StepProgress.FAILED if name in self.broken else StepProgress.DONE


def walked(
    waits: dict[str, set[str]], looks: dict[str, int], broken: set[str], *, stops: bool = False, tries: int = 1
) -> tuple[StackWalk, Steps]:
    steps = Steps(looks, broken, tries)
    walks: list[StackWalk] = []

    async def main() -> None:
        walk = StackWalk(waits, steps.begin, steps.check, every_s=1.0, stops=stops)
        walks.append(walk)
        async with asyncio.timeout(1000.0):
            await walk.go()

    run_virtual(main)
    return walks[0], steps


GRAPHS = st.dictionaries(st.integers(0, 7), st.tuples(st.sets(st.integers(0, 7)), st.integers(0, 3), st.booleans()))


@given(GRAPHS, st.booleans(), st.integers(1, 3))
def test_a_name_begins_after_what_it_waits_for_has_ended(
    graph: dict[int, tuple[set[int], int, bool]], stops: bool, tries: int
) -> None:
    waits = {
        str(name): {str(each) for each in before if each < name and each in graph}
        for name, (before, _, _) in graph.items()
    }
    looks = {str(name): count for name, (_, count, _) in graph.items()}
    broken = {str(name) for name, (_, _, is_broken) in graph.items() if is_broken}
    walk, steps = walked(waits, looks, broken, stops=stops, tries=tries)
    begun = [each[1:] for each in steps.log if each.startswith("+")]
    for name in begun:
        ends = [steps.log.index(f"-{each}") for each in waits[name]]
        assert all(end < steps.log.index(f"+{name}") for end in ends)
        assert not waits[name] & broken
    assert set(walk.failed) <= broken
    if not stops:
        assert walk.running == {}
        blocked: set[str] = set()
        for name in sorted(waits):
            if waits[name] & (broken | blocked):
                blocked.add(name)
        assert sorted([*walk.done, *walk.failed]) == sorted(set(waits) - blocked)
    elif not broken:
        assert walk.done == set(waits)


def test_a_failure_leaves_what_runs_if_it_stops() -> None:
    walk, _ = walked({"a": set(), "b": set(), "c": {"a"}}, {"a": 9, "b": 1, "c": 0}, {"b"}, stops=True)
    assert (walk.failed, list(walk.running), walk.done) == (["b"], ["a"], set())


def test_the_order_of_deletion() -> None:
    assert reversed_waits({"a": set(), "b": {"a"}, "c": {"a", "b"}}) == {"a": {"b", "c"}, "b": {"c"}, "c": set()}
