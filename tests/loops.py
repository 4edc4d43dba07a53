"""Run a test on both real-time loops. A decorator rather than pytest-asyncio's hook: a test says that it wants both."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop


def both_loops(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """`@both_loops async def test_...(fixtures)`: once on asyncio's own loop, once on uvloop."""

    @functools.wraps(test)
    def run(loop_factory: Callable[[], asyncio.AbstractEventLoop], **fixtures: Any) -> None:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(test(**fixtures))

    asked = inspect.signature(test)
    mine = inspect.Parameter("loop_factory", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    run.__signature__ = asked.replace(parameters=[mine, *asked.parameters.values()])  # type: ignore[attr-defined]
    on_each: Callable[[Callable[..., None]], Callable[..., None]] = pytest.mark.parametrize(
        "loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
    )
    return on_each(run)
