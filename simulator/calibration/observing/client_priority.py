"""The priority of the load client: its process goes before other programs while it sends requests.

A client that waits for a processor sends late, and its latencies contain the wait. The instances have control groups of
their own, whose share of the processors does not depend on this priority. Only root may raise it; without the right it
stays as it is.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Final

from simulator.records.journal import Journal
from simulator.replay.run_context import PlatformOpened

# A nice value: about nine times the share of a program without one, by the weights of the Linux scheduler.
NICE: Final = -10


@contextlib.contextmanager
def client_priority(journal: Journal) -> Iterator[None]:
    """Raise the priority of the thread that plays a run, from when its first instances are ready.

    Before, their processes would inherit it. `journal` is that of the run.
    """
    before = os.getpriority(os.PRIO_PROCESS, 0)

    def raise_it(_: PlatformOpened) -> None:
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, min(before, NICE))

    journal.subscribe(PlatformOpened, raise_it)
    try:
        yield
    finally:
        if os.getpriority(os.PRIO_PROCESS, 0) != before:
            os.setpriority(os.PRIO_PROCESS, 0, before)
