"""Removal of orphans in the background: once per process, in a thread that is abandoned when the process ends.

What a killed simulator left takes space but causes no conflict: ports, folders and groups have unique names. So no
launch waits for the removal, and neither does the end of this simulator; the next start continues it.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from simulator.fleet.process.confinement.sweep import sweep_orphans

_Place = tuple[str, tuple[str, ...]]


@dataclass(slots=True)
class _Sweep:
    users: int = 0
    is_over: bool = False
    given_up: threading.Event = field(default_factory=threading.Event)


class OrphanSweeps:
    """Removals in progress.

    Call `begin` before the first folder is created, and `end` after the last is removed; the last `end` stops a
    removal.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # event loops in two threads may share this object
        self._sweeps: dict[_Place, _Sweep] = {}

    def begin(self, scratch: str, homes: Collection[str]) -> None:
        """Start a removal in these places, unless this process did so already."""
        place = (scratch, tuple(homes))
        with self._lock:
            known = place in self._sweeps
            sweep = self._sweeps.setdefault(place, _Sweep())
            sweep.users += 1
        if not known:
            # Not a thread of the loop's pool, because the interpreter waits for those when it ends.
            threading.Thread(target=self._run, args=(place, sweep), name="orphans", daemon=True).start()

    def end(self, scratch: str, homes: Collection[str]) -> None:
        """Stop using a removal; call it once for each `begin`."""
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


ORPHANS: Final = OrphanSweeps()  # shared by the whole process
