"""What is to be sent waits here, bounded, and a thread sends it: the loop is never held up by a collector.

`put` is the loop's side: an append. The thread wakes when a batch is full or its time has come, takes a batch, and
`send`s it, however long that takes. A batch that could not be sent is dropped, and so is what finds no room meanwhile:
counted, and told in one line when it begins and one when it is over, not once a failure.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

# How long the end of a run waits for a collector: one that has taken everything so far, and one that has not.
LAST_SEND_S_MAX: Final = 5.0
LOST_CAUSE_S_MAX: Final = 1.0

_LOOK_S: Final = 0.05

THREAD_PREFIX: Final = "otlp "


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of a batch. `why` it was not taken, empty when it was; `rejected` of its items were rejected all the same."""

    why: str = ""
    rejected: int = 0


class Shipper(Generic[Item]):
    """`what` names the items and `where` the place, for people. `send` and `abort` are the sender's.

    A `patient` one is for virtual time: `put` waits for room as long as batches are taken, and so does the end.
    `send` is called by the thread alone; `abort` by any, and makes a `send` that waits give up soon. With
    `newest_only` an item that waits is replaced by the next one: nothing is lost of figures that only grow.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Item]], Outcome],
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
        self._asked_s: float | None = None  # when the end was asked for
        self._closing = False
        self._failing = False
        self.sent = 0
        self._without_room = 0  # written by the loop only
        self._not_taken = 0  # written by the thread only
        self._thread = threading.Thread(target=self._run, name=f"{THREAD_PREFIX}{what}", daemon=True)

    @property
    def dropped(self) -> int:
        return self._without_room + self._not_taken

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @property
    def line(self) -> str:
        """Where it goes, for people."""
        return f"{self._what} to {self._where}"

    def open(self) -> None:
        self._thread.start()

    def put(self, item: Item) -> None:
        """From the loop. Never waits, but for a patient one."""
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
        """Send what waits, for as long as there is hope. Idempotent."""
        self.ask_to_end()
        if not self._thread.is_alive():
            return
        if self._patient:  # nobody else is on a virtual loop, and its time stands still for threads
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
            self._tell(f"{self._what}: {self.dropped} were dropped, {self.sent} went to {self._where}")

    def ask_to_end(self) -> None:
        """What waits is sent now; `close` waits for it."""
        if self._asked_s is None:
            self._asked_s = asyncio.get_running_loop().time()
            self._closing = True
            self._due.set()

    def _end(self) -> None:
        """The time of who is still not through is over."""
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
                    break  # one batch a turn, as long as nobody takes any

    def _ship(self) -> None:
        batch: list[Item] = []
        while self._queue and len(batch) < self._batch_max:
            try:
                batch.append(self._queue.popleft())
            except IndexError:  # replaced just now
                break
        if not batch:
            return
        try:
            outcome = self._send(batch)
        except Exception as error:  # noqa: BLE001 a bug of ours ends no thread: it is told as every failure is
            outcome = Outcome(f"{type(error).__name__}: {error}")
        lost = len(batch) if outcome.why else min(outcome.rejected, len(batch))
        self._not_taken += lost
        self.sent += len(batch) - lost
        self._judge(outcome)
        self._shipped.set()

    def _judge(self, outcome: Outcome) -> None:
        """One line when it begins to fail, one when it is over."""
        if outcome.why and not self._failing:
            self._tell(
                f"{self._what}: {self._where} takes none: {outcome.why}. "
                "They are dropped and counted until it does; this is said once"
            )
        elif self._failing and not outcome.why:
            self._tell(f"{self._what}: {self._where} takes them again; {self.dropped} were dropped")
        self._failing = bool(outcome.why)
