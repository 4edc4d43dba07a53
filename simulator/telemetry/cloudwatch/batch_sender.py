"""The batch sender: takes due batches from a send queue and sends them, until it is closed.

If the endpoint does not answer, the batch returns to the queue, the pause between attempts doubles, and one message
reports the failure; when the endpoint answers again, another message reports it with the number of lost items. A batch
sender never delays a request.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from typing import Final, Generic, Protocol, TypeVar

from simulator.telemetry.cloudwatch.endpoint import Rejected, Unreachable
from simulator.world.tasks import Tasks

LOOK_EVERY_S: Final = 1.0
PAUSE_S_MAX: Final = 60.0
GOODBYE_S_MAX: Final = 5.0
_LAST_ATTEMPTS: Final = 3
_LAST_PAUSE_S: Final = 0.5


class Batch(Protocol):
    def __len__(self) -> int: ...


B = TypeVar("B", bound=Batch)


class SendQueue(Protocol[B]):
    """A queue of data to send; see send_queue.py."""

    @property
    def what(self) -> str: ...

    lost: int

    def take(self, now_s: float, /) -> B | None: ...
    def give_back(self, batch: B, /) -> None: ...
    def clear(self) -> None: ...


class BatchSender(Generic[B]):
    """Sends the content of one send queue.

    `send` returns how many items of a batch were not accepted. `now`: the time in seconds since 1970, which determines
    the due items. `before_look` is called before each access to the send queue.
    """

    def __init__(
        self,
        queue: SendQueue[B],
        send: Callable[[B], Awaitable[int]],
        now: Callable[[], float],
        tell: Callable[[str], None],
        before_look: Callable[[], None] = lambda: None,
    ) -> None:
        self._queue = queue
        self._send = send
        self._now = now
        self._tell = tell
        self._before_look = before_look
        self._pause_s = 0.0  # 0: the last attempt succeeded
        self._told_lost = 0
        self._told_reasons: dict[str, None] = {}
        self._closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._work: asyncio.Task[None] | None = None

    def start(self, tasks: Tasks) -> None:
        self._work = tasks.spawn(self._run(), f"courier of {self._queue.what}")

    async def close(self, patience_s: float | None = GOODBYE_S_MAX) -> None:
        """Send everything, due or not, for at most `patience_s` seconds.

        The rest is dropped and reported. Idempotent.
        """
        if not self._closing.done():
            self._closing.set_result(None)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    if self._work is not None:
                        await asyncio.wait((self._work,))
                    await self._send_all()
        finally:
            if self._work is not None:
                self._work.cancel()
                await asyncio.wait((self._work,))
            self._queue.clear()
            self._report_losses()

    async def _send_all(self) -> None:
        """Send everything, due or not.

        An endpoint whose last answer was an error gets one more attempt, any other gets several.
        """
        attempts = 1 if self._pause_s else _LAST_ATTEMPTS
        while attempts:
            while await self._send_next(math.inf):
                pass
            attempts -= 1
            if not self._pause_s:
                return
            if attempts:
                await asyncio.sleep(_LAST_PAUSE_S)

    async def _run(self) -> None:
        while not self._closing.done():
            self._before_look()
            while not self._closing.done() and await self._send_next(self._now()):
                pass
            await asyncio.wait((self._closing,), timeout=max(LOOK_EVERY_S, self._pause_s))

    async def _send_next(self, now_s: float) -> bool:
        """Send one batch. Return True if there may be more to send at once."""
        batch = self._queue.take(now_s)
        if batch is None:
            return False
        try:
            not_taken = await self._send(batch)
        except Unreachable as error:
            self._queue.give_back(batch)
            self._missed(str(error))
            return False
        except Rejected as error:
            self._queue.lost += len(batch)
            self._rejected(str(error))
        except BaseException:
            self._queue.give_back(batch)
            raise
        else:
            self._queue.lost += not_taken
            self._reached()
        return True

    # --- messages to the user
    # --------------------------------------------------------------------------------------------

    def _missed(self, why: str) -> None:
        what = self._queue.what
        if not self._pause_s:
            self._tell(f"cloudwatch: {why}" + ("" if self._closing.done() else f"; {what} are kept until it answers"))
        elif self._queue.lost > self._told_lost and "full" not in self._told_reasons:
            self._told_reasons["full"] = None
            self._tell(f"cloudwatch: the queue of {what} is full, the oldest are dropped")
        self._pause_s = min(PAUSE_S_MAX, 2 * self._pause_s or LOOK_EVERY_S)

    def _rejected(self, why: str) -> None:
        if why not in self._told_reasons:
            self._told_reasons[why] = None
            self._tell(f"cloudwatch: {why}; these {self._queue.what} are dropped")

    def _reached(self) -> None:
        if self._pause_s:
            self._pause_s = 0.0
            self._told_reasons.pop("full", None)
            self._tell(f"cloudwatch: {self._queue.what} are accepted again")
            self._report_losses()

    def _report_losses(self) -> None:
        lost = self._queue.lost - self._told_lost
        if lost:
            self._told_lost = self._queue.lost
            self._tell(f"cloudwatch: {lost} {self._queue.what} are lost")
