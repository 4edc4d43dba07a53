"""Work in a separate thread: its result, its error, and an interrupt of the caller."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

import pytest

from simulator.sdk.run_in_thread import run_in_thread


def test_the_result_comes_from_another_thread() -> None:
    assert run_in_thread(threading.get_ident) != threading.get_ident()


async def test_work_may_have_a_loop_of_its_own_while_one_runs() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert run_in_thread(lambda: asyncio.run(work())) == 7


def test_an_exception_is_raised_again_in_the_caller() -> None:
    def work() -> None:
        raise LookupError("no such row")

    with pytest.raises(LookupError, match="no such row"):
        run_in_thread(work)


def test_an_interrupt_of_the_caller_is_passed_on_once_and_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(Future[object]):
        def result(self, timeout: float | None = None) -> object:
            raise KeyboardInterrupt

    monkeypatch.setattr("simulator.sdk.run_in_thread.Future", Interrupted)
    told: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        run_in_thread(lambda: None, lambda: told.append("stop"))
    assert told == ["stop"]
