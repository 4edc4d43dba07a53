"""Sweeping up after dead simulators, beside the work of this one: once a process, in a thread, given up at its end.

What a dead simulator left takes room and is in nobody's way: ports, folders and groups have names of their own. So no
launch waits for it, however much there is, and neither does the end of this simulator: what a sweep has not reached by
then is for the next start.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from simulator.fleet.process_sweep import sweep_orphans

_Place = tuple[str, tuple[str, ...]]


@dataclass(slots=True)
class _Sweep:
    users: int = 0
    is_over: bool = False
    given_up: threading.Event = field(default_factory=threading.Event)


class OrphanSweeps:
    """Those who make folders `begin` before their first one and `end` after their last; the last to end gives up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # two loops in two threads may share this
        self._sweeps: dict[_Place, _Sweep] = {}

    def begin(self, scratch: str, homes: Collection[str]) -> None:
        """Sweep there from now on, unless this process does or did already."""
        place = (scratch, tuple(homes))
        with self._lock:
            known = place in self._sweeps
            sweep = self._sweeps.setdefault(place, _Sweep())
            sweep.users += 1
        if not known:
            # Not a thread of the loop's pool: the interpreter waits for those when it ends.
            threading.Thread(target=self._run, args=(place, sweep), name="orphans", daemon=True).start()

    def end(self, scratch: str, homes: Collection[str]) -> None:
        """To be called once for each `begin`."""
        place = (scratch, tuple(homes))
        with self._lock:
            sweep = self._sweeps[place]
            sweep.users -= 1
            if sweep.users == 0 and not sweep.is_over:
                sweep.given_up.set()
                del self._sweeps[place]

    def _run(self, place: _Place, sweep: _Sweep) -> None:
        scratch, homes = place
        sweep_orphans(scratch, homes, sweep.given_up.is_set)
        with self._lock:
            sweep.is_over = True


ORPHANS: Final = OrphanSweeps()  # of this process
