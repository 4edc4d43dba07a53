"""A bounded queue of items and a thread that sends them, so that a collector never blocks the event loop.

`put` is called on the loop and only appends. The thread takes a batch when one is full or due and calls `send`, which
may take any time. A batch that could not be sent is dropped, and so are items that exceed the queue. They are counted
and reported in one line when sending begins to fail and in one when it recovers, not once per failure.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

# How long, in seconds, the end of a run waits for a collector that has accepted everything so far, and for one that has
# not.
LAST_SEND_S_MAX: Final = 5.0
LOST_CAUSE_S_MAX: Final = 1.0

_LOOK_S: Final = 0.05

THREAD_PREFIX: Final = "otlp "


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """The result of sending a batch.

    `why`: the reason if it was not accepted, else empty. `rejected`: the number of items rejected from an accepted
    batch.
    """

    why: str = ""
    rejected: int = 0


class BatchExporter(Generic[Item]):
    """The queue and its thread. `what` names the items and `where` the destination, for messages.

    `send` is called by the thread alone; `abort` by any thread, to make a waiting `send` return soon. With `patient`,
    for virtual time, `put` waits for room as long as batches are accepted, and so does `close`. With `newest_only` a
    waiting item is replaced by the next one, which loses nothing if figures are cumulative.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Item]], SendOutcome],
        abort: Callable[[], None],
        *,
        what: str,
        where: str,
        tell: Callable[[str], None],
        queue_max: int,
        batch_max: int,
        every_s: float,
        newest_only: bool = False,
        patient: bool = False,
    ) -> None:
        assert batch_max <= queue_max, "a batch has to fit"
        self._send = send
        self._abort = abort
        self._what = what
        self._where = where
        self._tell = tell
        self._queue: deque[Item] = deque()
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._every_s = every_s
        self._newest_only = newest_only
        self._patient = patient
        self._due = threading.Event()
        self._shipped = threading.Event()
        self._asked_s: float | None = None  # when the end was requested
        self._closing = False
        self._failing = False
        self.sent = 0
        self._without_room = 0  # written on the loop only
        self._not_taken = 0  # written in the thread only
        self._thread = threading.Thread(target=self._run, name=f"{THREAD_PREFIX}{what}", daemon=True)

    @property
    def dropped(self) -> int:
        return self._without_room + self._not_taken

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @property
    def line(self) -> str:
        """Describe the destination, for the user."""
        return f"{self._what} to {self._where}"

    def open(self) -> None:
        self._thread.start()

    def put(self, item: Item) -> None:
        """Add an item, from the loop. Waits only if `patient`."""
        queue = self._queue
        while self._patient and len(queue) >= self._queue_max and not self._failing:
            self._due.set()
            self._shipped.wait(_LOOK_S)
            self._shipped.clear()
        if len(queue) >= self._queue_max:
            if not self._newest_only:
                self._without_room += 1
                return
            queue.clear()
        queue.append(item)
        if len(queue) >= self._batch_max:
            self._due.set()

    async def close(self) -> None:
        """Send the waiting items, as long as the collector may still accept them. Idempotent."""
        self.ask_to_end()
        if not self._thread.is_alive():
            return
        # blocking is allowed: the clock of a virtual loop does not advance, and nothing else has to run
        if self._patient:
            while self._thread.is_alive() and not self._failing:
                self._thread.join(_LOOK_S)
            self._end()
        else:
            loop = asyncio.get_running_loop()
            assert self._asked_s is not None
            grace_s = LOST_CAUSE_S_MAX if self._failing else LAST_SEND_S_MAX
            await loop.run_in_executor(None, self._thread.join, max(0.0, self._asked_s + grace_s - loop.time()))
            await loop.run_in_executor(None, self._end)
        if self.dropped and not self._newest_only:
            self._tell(f"{self._what}: {self.dropped} were dropped, {self.sent} were sent to {self._where}")

    def ask_to_end(self) -> None:
        """Begin to send the waiting items now. `close` waits for the end."""
        if self._asked_s is None:
            self._asked_s = asyncio.get_running_loop().time()
            self._closing = True
            self._due.set()

    def _end(self) -> None:
        """Abort the current `send` if the thread is still running."""
        if self._thread.is_alive():
            self._abort()
            self._thread.join(LOST_CAUSE_S_MAX)

    # --- the thread's side -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing:
            self._due.wait(self._every_s)
            self._due.clear()
            while self._queue:
                self._ship()
                if self._failing and not self._closing:
                    break  # one batch per attempt while the collector accepts none

    def _ship(self) -> None:
        batch: list[Item] = []
        while self._queue and len(batch) < self._batch_max:
            try:
                batch.append(self._queue.popleft())
            except IndexError:  # replaced in the meantime
                break
        if not batch:
            return
        try:
            outcome = self._send(batch)
        except Exception as error:  # noqa: BLE001 a bug must not end the thread: it is reported as any failure
            outcome = SendOutcome(f"{type(error).__name__}: {error}")
        lost = len(batch) if outcome.why else min(outcome.rejected, len(batch))
        self._not_taken += lost
        self.sent += len(batch) - lost
        self._judge(outcome)
        self._shipped.set()

    def _judge(self, outcome: SendOutcome) -> None:
        """Report in one line that sending has begun to fail, and in one that it has recovered."""
        if outcome.why and not self._failing:
            self._tell(
                f"{self._what}: {self._where} accepts none: {outcome.why}. "
                "They are dropped and counted until it does; this is logged once"
            )
        elif self._failing and not outcome.why:
            self._tell(f"{self._what}: {self._where} accepts them again; {self.dropped} were dropped")
        self._failing = bool(outcome.why)
