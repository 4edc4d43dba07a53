"""The contract of instances: the behaviour that the instances of all drivers have in common.

This module defines the behaviours that an application can have, the requests that trigger them, and `Arm`, which is one
kind of instance. `test_contract.py` contains the tests. An arm is a module `tests/live/arm_<name>.py` with a function
`run(test)` that creates an `Arm`, runs `test(arm)` on an event loop of its choice, and fails if anything is left
behind.

Arms with a program run `contract_application.py`, with the behaviour in its environment. A simulated application
consists of distributions and runs no program: its responses have no body, and it has no memory and no output of its
own; tests distinguish this where it matters. Everything else is the same for all arms.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol

from simulator.fleet.http.exchange import HttpExchange
from simulator.fleet.ports import Backend
from simulator.fleet.process.throttling import Throttling
from simulator.model.rejection import Rejection
from simulator.model.sizes import InstanceSize
from simulator.wire.http1.response import ResponseHead
from simulator.wire.upstream import UpstreamConnection
from simulator.world.running_loop import running_loop

PROGRAM: Final = Path(__file__).with_name("contract_application.py")
VARIABLE: Final = "BEHAVIOUR"  # name of an environment variable of the program

# size of every instance here; the smallest one, because its memory is filled in the shortest time
SIZE: Final = InstanceSize(256, 512)
SLOW_START_S: Final = 0.3
START_CODE: Final = 3  # exit code of a crash before the instance is ready
ASKED_CODE: Final = 4  # exit code of a crash at a request
KILLED_CODE: Final = 137  # 128 + SIGKILL, as containers report it

STORAGE_BYTES: Final = 8 * 1024**2  # the limit that arms set, in place of 3 GB
FILLED_BYTES: Final = 16 * 1024**2  # number of bytes that FILLS writes at a request


class Behaviour(StrEnum):
    """What the application does at a request for `/`. A request for `/well` is answered with `well`."""

    READY = "ready"  # responds with the number of requests for `/` so far, which it keeps in memory
    SLOW = "slow start"  # as READY, but listens only after SLOW_START_S
    CRASHES_AT_START = "crash before ready"  # exits with START_CODE without having listened
    CRASHES_WHEN_ASKED = "crash while serving"  # exits with ASKED_CODE instead of responding
    HANGS = "hang"  # accepts every connection and does not respond, not even to `/well`
    GROWS = "memory hog"  # allocates memory until it is ended
    FILLS = "storage hog"  # writes FILLED_BYTES of files, responds, and continues
    DEAF = "ignores SIGTERM"
    BUSY = "busy"  # computes all the time; responds with the CPU milliseconds that it has used
    CHATTY = "chatty"  # writes the lines `out` and `aus` to stdout and `err` to stderr at its start


class Request(HttpExchange):
    """A GET request, answered over HTTP or by a simulated instance. `outcome`: status and body, or the rejection."""

    __slots__ = ("_body", "_path", "outcome")

    def __init__(self, path: str) -> None:
        loop = running_loop()
        super().__init__(loop.time())
        self.begun_s = self.arrived_s
        self.outcome: asyncio.Future[tuple[int, bytes] | Rejection] = loop.create_future()
        self._path = path
        self._body = b""

    @property
    def head_only(self) -> bool:
        return False

    def connected(self, link: UpstreamConnection) -> None:
        link.write(b"GET %b HTTP/1.1\r\nhost: contract\r\n\r\n" % self._path.encode(), last=True)

    def informational_response(self, head: ResponseHead) -> None: ...

    def response_started(self, head: ResponseHead, piece: bytes, *, complete: bool) -> None:
        self.status = head.status
        self.response_continued(piece, complete=complete)

    def response_continued(self, piece: bytes, *, complete: bool) -> None:
        self._body += piece
        if complete:
            self.outcome.set_result((self.status, self._body))

    def answered(self, status: int) -> None:
        self.outcome.set_result((status, b""))

    def broken(self, rejection: Rejection) -> None:
        self.outcome.set_result(rejection)

    def may_repeat(self) -> bool:
        return False

    def upload_full(self) -> None: ...
    def upload_drained(self) -> None: ...


class Arm(Protocol):
    """A kind of instance, which can launch any number of them. `run` of its module creates and closes it."""

    @property
    def runs_a_program(self) -> bool:
        """False for a simulated instance: its responses have no body, and it writes no output."""

    @property
    def limits_memory(self) -> bool:
        """Whether an instance that uses more memory than its size has is ended and reported as out of memory."""

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Return the output of instances: (`stdout` or `stderr`, line), in the order of arrival."""

    async def launch(self, behaviour: Behaviour, throttling: Throttling = Throttling.NONE) -> Backend:
        """Launch an instance of SIZE. The use of its storage is measured often enough for a test."""


Test = Callable[[Arm], Coroutine[Any, Any, None]]
