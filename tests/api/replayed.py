"""Replays the call sequences of known clients (facts 15): the API with its schema, in virtual time.

The waits of each client follow its source, including the pauses, so that a client that would give up on App Runner
gives up here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any, Self

from simulator.api.calls import ApiCalls
from simulator.control.api_context import ApiSettings
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.time_profile import INSTANT, TimeProfile
from simulator.model.resources.api_error import ApiError
from tests.control.api_stage import ALICE, Stage, check_answer

Answer = dict[str, Any]
Refresh = Callable[[], str | None]

MINUTE_S = 60.0

# terraform-plugin-sdk: the first poll at once, then after 100 ms, and twice as long each time, up to 10 s
_FIRST_WAIT_S, _WAIT_S_MAX = 0.1, 10.0


class GaveUp(Exception):
    """The client ended with an error."""


class Aws:
    """`async with Aws() as aws:` in a virtual run."""

    def __init__(
        self,
        profile: TimeProfile = INSTANT,
        *,
        workload: SimulatedWorkload | None = None,
        settings: ApiSettings | None = None,
    ) -> None:
        self.stage = Stage(profile=profile, workload=workload, settings=settings)
        self._calls = ApiCalls(self.stage.api)
        self._began_s = asyncio.get_running_loop().time()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        await self.stage.__aexit__(kind, *rest)

    def call(self, operation: str, /, **request: Any) -> Answer:
        """Call an operation. Raises ApiError."""
        answer = self._calls.call(ALICE, operation, request)
        check_answer(operation, answer)
        return answer

    def status(self, arn: str) -> str | None:
        """Return the status of a service; None if it is not found."""
        try:
            return str(self.call("DescribeService", ServiceArn=arn)["Service"]["Status"])
        except ApiError as error:
            if error.code != "ResourceNotFoundException":
                raise
            return None

    def operation(self, arn: str, operation_id: str) -> str:
        listed = self.call("ListOperations", ServiceArn=arn)["OperationSummaryList"]
        return next(str(each["Status"]) for each in listed if each["Id"] == operation_id)

    @property
    def took_s(self) -> float:
        return asyncio.get_running_loop().time() - self._began_s


async def terraform_waits(
    refresh: Refresh, *, pending: Collection[str], target: Collection[str], timeout_s: float, poll_s: float = 0.0
) -> str | None:
    """Wait for a state as terraform-plugin-sdk does. An empty target means: until it is not found.

    Raises:
        GaveUp: on a state that is neither pending nor target, or after the time-out.
    """
    loop = asyncio.get_running_loop()
    end_s, wait_s = loop.time() + timeout_s, _FIRST_WAIT_S
    while True:
        state = refresh()
        if state in target or (state is None and not target):
            return state
        if state not in pending:
            msg = f"unexpected state {state!r}, wanted target {sorted(target)}"
            raise GaveUp(msg)
        if loop.time() >= end_s:
            msg = f"timeout while waiting for state to become {sorted(target)} (last state: {state})"
            raise GaveUp(msg)
        wait_s = poll_s or min(2 * wait_s, _WAIT_S_MAX)
        await asyncio.sleep(wait_s)


async def polled(every_s: float, holds: Callable[[], bool], *, within_s: float) -> None:
    """Poll at a constant interval. Raises GaveUp after the time."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + within_s
    while not holds():
        if loop.time() >= end_s:
            msg = f"not within {within_s:g} s"
            raise GaveUp(msg)
        await asyncio.sleep(every_s)
