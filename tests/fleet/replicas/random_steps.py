"""Steps that the tests with random inputs play on a stage, beside those of their own."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import strategies as st

from tests.fleet.fakes import Stage

STEPS = (
    st.tuples(st.just("offer"), st.integers(1, 4)),
    st.tuples(st.just("answer"), st.integers(0, 9)),
    st.tuples(st.just("recycle"), st.integers(1, 3)),
    st.tuples(st.just("resize"), st.integers(1, 4)),
    st.tuples(st.just("sleep"), st.sampled_from([1, 5, 31, 130])),
)
RECYCLED_MAX = 3  # instances that one step replaces at a time


async def play_step(stage: Stage, name: str, value: Any) -> None:
    """Play one of `STEPS`."""
    match name:
        case "offer":
            for _ in range(value):
                stage.offer()
        case "answer":
            begun = [each for each in stage.exchanges if each.open and each.instance is not None]
            if begun:
                stage.answer(begun[value % len(begun)])
        case "recycle":
            stage.replica_set.recycle(sorted(stage.pool.ready), value, "recycled")
        case "resize":
            stage.replica_set.resize(value)
        case "sleep":
            await asyncio.sleep(value)
        case _:
            raise AssertionError(name)


def alive(stage: Stage) -> int:
    """Return the number of instances that are ready or will be, without those that have been told to end."""
    living = [each for each in stage.replica_set.living() if not each.ending.done()]
    return sum(each.is_ready or each.is_coming for each in living)


def answer_all(stage: Stage) -> None:
    """Answer the requests that are open."""
    for exchange in stage.exchanges:
        if exchange.open:
            stage.answer(exchange)
