"""The replacement of instances by the platform: new ones start beside the old ones, which drain once they are ready.

Why instances are replaced does not matter here: a recycle, a maintenance, or the end of their lifetime. Instances are
replaced in batches, one batch after the other. While a batch is in progress, as many instances as it has exist in
addition to the target.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from simulator.fleet.instance import Instance
from simulator.fleet.ports import Launcher
from simulator.fleet.replicas.lifetimes import Lifetimes


@dataclass(slots=True)
class _Batch:
    """Instances to replace together. `outgoing`: they serve until their replacements are ready. `ending`: they drain.

    `stops_first`: the old ones end before the new ones start.
    """

    why: str
    stops_first: bool
    outgoing: dict[int, None]
    ending: dict[int, None] = field(default_factory=dict)


class Recycling:
    """The replacements of one replica set, in the order in which they were requested.

    `log` receives a line for the event log when all have been replaced. `lifetimes`: those of its instances.
    `launcher`: if an instance occupies a port that its replacement needs, the old ones end before the new ones start.
    """

    def __init__(self, log: Callable[[str], None], lifetimes: Lifetimes, launcher: Launcher) -> None:
        self.lifetimes = lifetimes
        self._launcher = launcher
        self._log = log
        self._waiting: deque[_Batch] = deque()
        self._batch: _Batch | None = None
        self._replaced: list[int] = []

    @property
    def is_active(self) -> bool:
        return self._batch is not None or bool(self._waiting)

    @property
    def additional(self) -> int:
        """Instances that may exist beyond the target now; negative while the old ones have to end first."""
        batch = self._batch
        if batch is None:
            return 0
        return -len(batch.ending) if batch.stops_first else len(batch.outgoing)

    def is_outgoing(self, number: int) -> bool:
        """Return True if the instance is being replaced, and serves until its replacement is ready."""
        return self._batch is not None and number in self._batch.outgoing

    def staying(self, alive: Mapping[int, Instance]) -> list[Instance]:
        """Return the instances of `alive` that are not being replaced."""
        return [instance for number, instance in alive.items() if not self.is_outgoing(number)]

    def request(self, numbers: Sequence[int], at_a_time: int, why: str, *, joins: bool = False) -> list[int]:
        """Request replacements, `at_a_time` together. Return the instances for which none was requested before.

        `joins`: a batch in progress whose old instances serve until then is extended by these.
        """
        batches = [*self._waiting, *([] if self._batch is None else [self._batch])]
        known = {number for batch in batches for number in (*batch.outgoing, *batch.ending)}
        new = [number for number in numbers if number not in known]
        if joins and self._batch is not None and not self._batch.stops_first:
            self._batch.outgoing.update(dict.fromkeys(new))
            return new
        for first in range(0, len(new), at_a_time):
            together = dict.fromkeys(new[first : first + at_a_time])
            self._waiting.append(_Batch(why, self._launcher.has_fixed_port, together))
        return new

    def advance(self, alive: Collection[int], ready: Mapping[int, Instance], target: int) -> list[tuple[int, str]]:
        """Begin the next batch if none is in progress. Return the instances that must drain now, with the reason.

        `alive`: numbers of the instances that start or are ready. A batch drains when as many other instances are
        ready as the target requires.
        """
        if self._batch is None:
            self._begin_next(alive)
        batch = self._batch
        if batch is None or not batch.outgoing:
            return []
        others = sum(number not in batch.outgoing for number in ready)
        if others < target and not batch.stops_first:
            return []
        due, batch.outgoing = batch.outgoing, {}
        batch.ending.update(due)
        return [(number, batch.why) for number in due]

    def left(self, number: int) -> None:
        """Forget an instance that serves no longer: it drains, has crashed, or was not needed."""
        self.lifetimes.forget(number)
        if self._batch is not None:
            self._batch.outgoing.pop(number, None)
            self._close()

    def ended(self, number: int) -> None:
        """Count an instance that has been removed completely."""
        if self._batch is not None and number in self._batch.ending:
            del self._batch.ending[number]
            self._replaced.append(number)
            self._close()

    def clear(self) -> None:
        """Replace no further instance: another revision serves, or the run is over."""
        self._waiting.clear()
        self._batch = None
        self._replaced = []

    def _begin_next(self, alive: Collection[int]) -> None:
        while self._waiting and self._batch is None:
            batch = self._waiting.popleft()
            batch.outgoing = {number: None for number in batch.outgoing if number in alive}
            self._batch = batch if batch.outgoing else None

    def _close(self) -> None:
        """End the batch if it is complete, and log the replacements once the last batch is."""
        if self._batch is None or self._batch.outgoing or self._batch.ending:
            return
        self._batch = None
        if self._replaced and not self._waiting:
            numbers = ", ".join(map(str, self._replaced))
            self._log(f"The platform has replaced instance{'s' * (len(self._replaced) > 1)} {numbers}.")
            self._replaced = []
