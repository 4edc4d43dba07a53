"""The contract tests, which run for every kind of instance: simulated, process, container (see contract.py)."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any

import pytest

from simulator.fleet.ports import Backend
from simulator.fleet.process.throttling import Throttling
from simulator.model.health import HealthCheck, HealthProtocol
from simulator.model.rejection import Rejection
from simulator.world.tasks import first_of
from tests.live.contract import (
    ASKED_CODE,
    KILLED_CODE,
    SLOW_START_S,
    START_CODE,
    Arm,
    Behaviour,
    Request,
)

ARMS = ("simulated", "process", "docker")

WELL = HealthCheck(HealthProtocol.HTTP, path="/well", timeout_s=1)
TCP = HealthCheck(timeout_s=1)

# Every step takes milliseconds; the limit is for a busy machine.
PATIENCE_S = 60.0
THROTTLED_S = 0.3  # time for which an instance is throttled; it gets a few percent of its CPU in this time
WAKE_S_MAX = 0.05


def on_every_arm(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Decorator: `@on_every_arm async def test_...(arm, fixtures)`.

    The module of an arm is imported by the arm's tests only.
    """

    @functools.wraps(test)
    def run(name: str, **fixtures: Any) -> None:
        import_module(f"tests.live.arm_{name}").run(lambda arm: test(arm, **fixtures))

    asked_for = inspect.signature(test)
    mine = inspect.Parameter("name", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    run.__signature__ = asked_for.replace(  # type: ignore[attr-defined]
        parameters=[mine, *list(asked_for.parameters.values())[1:]]
    )
    on_each: Callable[[Callable[..., None]], Callable[..., None]] = pytest.mark.parametrize("name", ARMS)
    return on_each(run)


both_ways = pytest.mark.parametrize("throttling", [Throttling.FREEZE, Throttling.SHARE])


# --- helpers ---


async def ready(backend: Backend) -> None:
    """Probe until the instance is healthy."""
    async with asyncio.timeout(PATIENCE_S):
        while await backend.probe(WELL) is not None:
            assert not backend.exited.done(), backend.exited.result()
            await asyncio.sleep(0.002)


async def launched(arm: Arm, behaviour: Behaviour, throttling: Throttling = Throttling.NONE) -> Backend:
    backend = await arm.launch(behaviour, throttling)
    await ready(backend)
    return backend


def asked(backend: Backend, path: str = "/") -> Request:
    request = Request(path)
    backend.begin(request)
    return request


async def answer(backend: Backend, path: str = "/") -> bytes:
    """Return the body of a response with status 200; it is empty for a simulated instance."""
    async with asyncio.timeout(PATIENCE_S):
        outcome = await asked(backend, path).outcome
    assert not isinstance(outcome, Rejection), outcome
    status, body = outcome
    assert status == 200
    return body


async def ended(backend: Backend) -> tuple[int, str]:
    """Return its exit code and the explanation."""
    async with asyncio.timeout(PATIENCE_S):
        status = await asyncio.shield(backend.exited)
    await backend.stop(0)  # nothing of the instance is left
    return status.code, status.detail


# --- start, ready, serve ---


@on_every_arm
async def test_a_launched_instance_becomes_ready_and_serves(arm: Arm) -> None:
    backend = await launched(arm, Behaviour.READY)
    assert await backend.probe(TCP) is None
    bodies = [await answer(backend) for _ in range(3)]
    assert bodies == ([b"1", b"2", b"3"] if arm.runs_a_program else [b"", b"", b""])
    assert not backend.exited.done()


@on_every_arm
async def test_a_slow_start_rejects_probes_until_it_is_over(arm: Arm) -> None:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    backend = await arm.launch(Behaviour.SLOW)
    assert await backend.probe(WELL) is not None
    await ready(backend)
    assert loop.time() - began_s >= SLOW_START_S - 0.002  # event loops round times
    await answer(backend)


# --- failures ---


@on_every_arm
async def test_a_crash_before_readiness_is_reported_with_its_exit_code(arm: Arm) -> None:
    backend = await arm.launch(Behaviour.CRASHES_AT_START)
    assert await ended(backend) == (START_CODE, f"Container exit code: {START_CODE}")


@on_every_arm
async def test_a_crash_while_serving_leaves_the_request_without_an_answer(arm: Arm) -> None:
    backend = await launched(arm, Behaviour.CRASHES_WHEN_ASKED)
    request = asked(backend)
    assert await ended(backend) == (ASKED_CODE, f"Container exit code: {ASKED_CODE}")
    # A simulated instance does not respond; the pool fails the requests of the ended instance.
    assert not request.outcome.done() or isinstance(request.outcome.result(), Rejection)
    assert request.outcome.done() == arm.runs_a_program


@on_every_arm
async def test_a_hanging_instance_is_alive_and_fails_http_probes_only(arm: Arm) -> None:
    backend = await arm.launch(Behaviour.HANGS)
    async with asyncio.timeout(PATIENCE_S):
        while await backend.probe(WELL) != "no answer within 1 s":  # noqa: ASYNC110 at first nothing listens
            await asyncio.sleep(0.002)
    assert await backend.probe(TCP) is None
    request = asked(backend)
    backend.abort(request)
    assert not backend.exited.done()
    assert not request.outcome.done()
    backend.kill()
    assert (await ended(backend))[0] == KILLED_CODE


@pytest.mark.slow  # filling the memory of the smallest size with a quarter of a vCPU takes seconds
@on_every_arm
async def test_out_of_memory_ends_the_instance_with_its_reason(arm: Arm) -> None:
    backend = await launched(arm, Behaviour.GROWS)
    asked(backend)
    if not arm.limits_memory:
        # A process limit makes allocations fail: the program decides whether it continues.
        await ready(backend)
        return
    code, detail = await ended(backend)
    assert code == KILLED_CODE
    assert "out of memory" in detail.lower()


@on_every_arm
async def test_full_storage_ends_the_instance_with_its_reason(arm: Arm) -> None:
    backend = await launched(arm, Behaviour.FILLS)
    asked(backend)
    code, detail = await ended(backend)
    assert code == KILLED_CODE
    assert "storage" in detail.lower()


@on_every_arm
async def test_a_killed_instance_ends_at_once(arm: Arm) -> None:
    backend = await launched(arm, Behaviour.DEAF)
    backend.kill()
    assert (await ended(backend))[0] == KILLED_CODE
    assert (await backend.probe(TCP) is None) != arm.runs_a_program  # a simulated instance that has ended is not probed


# --- stop ---


@on_every_arm
async def test_an_instance_that_handles_sigterm_ends_within_its_grace_period(arm: Arm) -> None:
    backend = await launched(arm, Behaviour.READY)
    async with asyncio.timeout(PATIENCE_S):
        await backend.stop(grace_s=2 * PATIENCE_S)
        await backend.stop(grace_s=2 * PATIENCE_S)
    assert backend.exited.result().code == 0


@on_every_arm
async def test_an_instance_that_ignores_sigterm_is_killed_after_its_grace_period(arm: Arm) -> None:
    backend = await launched(arm, Behaviour.DEAF)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    async with asyncio.timeout(PATIENCE_S):
        await backend.stop(grace_s=0.2)
    assert backend.exited.result().code == KILLED_CODE
    assert loop.time() - began_s >= 0.198


# --- idle ---


@both_ways
@on_every_arm
async def test_a_throttled_instance_keeps_its_memory_and_wakes_at_once(arm: Arm, throttling: Throttling) -> None:
    backend = await launched(arm, Behaviour.READY, throttling)
    before = await answer(backend)
    backend.throttle()
    wake_s = backend.wake()
    assert wake_s <= WAKE_S_MAX
    await asyncio.sleep(wake_s)
    after = await answer(backend)
    assert (before, after) == ((b"1", b"2") if arm.runs_a_program else (b"", b""))


@both_ways
@on_every_arm
async def test_a_throttled_instance_loses_its_cpu(arm: Arm, throttling: Throttling) -> None:
    backend = await launched(arm, Behaviour.BUSY, throttling)
    before = await answer(backend)
    backend.throttle()
    # not a wait for a condition: the test measures the CPU that the instance gets in this time
    await asyncio.sleep(THROTTLED_S)
    await asyncio.sleep(backend.wake())
    after = await answer(backend)
    if arm.runs_a_program:
        used_ms = int(after) - int(before)
        # A quarter of a vCPU would be 75 ms; the two responses use some of it.
        assert used_ms < 0.2 * THROTTLED_S * 1000
    else:
        assert after == b""


@both_ways
@on_every_arm
async def test_a_throttled_instance_passes_its_probe(arm: Arm, throttling: Throttling) -> None:
    backend = await launched(arm, Behaviour.READY, throttling)
    backend.throttle()
    assert await backend.probe(WELL) is None
    await asyncio.sleep(backend.wake())
    await answer(backend)


@both_ways
@on_every_arm
async def test_a_throttled_instance_handles_sigterm(arm: Arm, throttling: Throttling) -> None:
    backend = await launched(arm, Behaviour.READY, throttling)
    backend.throttle()
    async with asyncio.timeout(PATIENCE_S):
        await backend.stop(grace_s=2 * PATIENCE_S)
    assert backend.exited.result().code == 0


# --- log lines ---


@on_every_arm
async def test_output_is_emitted_line_by_line_with_its_stream(arm: Arm) -> None:
    backend = await launched(arm, Behaviour.CHATTY)
    await backend.stop(grace_s=PATIENCE_S)
    told = [line for stream, line in arm.lines if stream == "stdout"], [("stderr", "err") in arm.lines]
    assert told == ((["out", "aus"], [True]) if arm.runs_a_program else ([], [False]))


@on_every_arm
async def test_a_request_to_an_ended_instance_gets_no_response(arm: Arm) -> None:
    backend = await launched(arm, Behaviour.READY)
    backend.kill()
    await ended(backend)
    request = asked(backend)
    if arm.runs_a_program:
        await first_of(request.outcome)
        assert isinstance(request.outcome.result(), Rejection)
    else:
        assert not request.outcome.done()  # the pool has failed all requests before
