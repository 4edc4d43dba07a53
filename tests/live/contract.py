"""The contract of an instance: what every driver's instances do alike, whatever they are made of.

Here are the words of it: the behaviours an application can have, the request that asks for them, and `Arm`, one kind of
instance. `test_contract.py` is the contract itself. An arm is a module `tests/live/arm_<name>.py` with a function
`run(test)` that makes an `Arm`, runs `test(arm)` on a loop of its choice, and fails when something is left behind.

Arms with a program run `contract_application.py`, with the behaviour in its environment. A simulated application is a
few laws and no program: it has no body to answer with, no memory of its own and no output, and the contract says so
where it matters. Everything else holds for every arm alike.
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
VARIABLE: Final = "BEHAVIOUR"  # of the program's environment

SIZE: Final = InstanceSize(256, 512)  # of every instance here; the smallest, so that its memory is full soonest
SLOW_START_S: Final = 0.3
START_CODE: Final = 3  # exit code of a crash before it is ready
ASKED_CODE: Final = 4  # exit code of a crash when it is asked
KILLED_CODE: Final = 137  # 128 + SIGKILL, as containers report it

STORAGE_BYTES: Final = 8 * 1024**2  # the limit that arms set, in place of 3 GB
FILLED_BYTES: Final = 16 * 1024**2  # what FILLS writes when it is asked


class Behaviour(StrEnum):
    """What the application does. Asked for `/well` it says `well`; what follows is about `/`."""

    READY = "ready"  # tells how often it has been asked for `/`, from memory
    SLOW = "slow start"  # as READY, but listens after SLOW_START_S only
    CRASHES_AT_START = "crash before ready"  # exits with START_CODE, never listens
    CRASHES_WHEN_ASKED = "crash while serving"  # exits with ASKED_CODE instead of answering
    HANGS = "hang"  # takes every connection and answers nothing, not even `/well`
    GROWS = "memory hog"  # takes memory until somebody ends it
    FILLS = "storage hog"  # writes FILLED_BYTES of files, answers, and lives on
    DEAF = "ignores SIGTERM"
    BUSY = "busy"  # computes all the time; tells the CPU milliseconds it has used
    CHATTY = "chatty"  # at its start it writes `out` and `aus` to stdout, `err` to stderr, each a line


class Request(HttpExchange):
    """A GET, answered over HTTP or by a simulated instance. `outcome`: status and body, or why there is no answer."""

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
    """One kind of instance, ready to launch any number of them. Made and closed by the `run` of its module."""

    @property
    def runs_a_program(self) -> bool:
        """False for a simulated instance: its answers are empty, and it writes nothing."""

    @property
    def limits_memory(self) -> bool:
        """Whether an instance that takes more memory than its size has is ended and said to be out of memory."""

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What instances have written: (`stdout` or `stderr`, line), in the order in which it was heard."""

    async def launch(self, behaviour: Behaviour, throttling: Throttling = Throttling.NONE) -> Backend:
        """One instance of SIZE, with STORAGE_BYTES measured often enough for a test."""


Test = Callable[[Arm], Coroutine[Any, Any, None]]
