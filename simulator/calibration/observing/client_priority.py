"""The priority of the load client: its process goes before other programs while it sends requests.

A client that waits for a processor sends late, and its latencies contain the wait. Only root may raise a priority;
without the right it stays as it is.

Linux may schedule by groups of the processes of a session (autogroups). Then a nice value counts within the session
only, and the group has one of its own, in /proc/self/autogroup. Instances with limits are in control groups, whose
share of the processors does not depend on either.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from simulator.records.journal import Journal
from simulator.replay.run_context import PlatformOpened

# A nice value: some thirty times the share of a program without one, by the weights of the Linux scheduler.
NICE: Final = -15
_AUTOGROUP: Final = Path("/proc/self/autogroup")


@contextlib.contextmanager
def client_priority(journal: Journal, autogroup: Path = _AUTOGROUP) -> Iterator[None]:
    """Raise the priority of the thread that plays a run and of its session, from when its first instances are ready.

    Before, their processes would inherit it. `journal` is that of the run.
    """
    own, group = os.getpriority(os.PRIO_PROCESS, 0), _nice_of(autogroup)

    def raise_it(_: PlatformOpened) -> None:
        _set_own(min(own, NICE))
        if group is not None:
            _set_group(autogroup, min(group, NICE))

    journal.subscribe(PlatformOpened, raise_it)
    try:
        yield
    finally:
        if os.getpriority(os.PRIO_PROCESS, 0) != own:
            _set_own(own)
        if group is not None and _nice_of(autogroup) != group:
            _set_group(autogroup, group)


def _nice_of(autogroup: Path) -> int | None:
    """Return the nice value of the session; None if the kernel has no such groups."""
    with contextlib.suppress(OSError):
        found = re.search(r"nice (-?\d+)", autogroup.read_text(encoding="ascii"))
        return int(found[1]) if found else None
    return None


def _set_own(nice: int) -> None:
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, nice)


def _set_group(autogroup: Path, nice: int) -> None:
    with contextlib.suppress(OSError):
        autogroup.write_text(str(nice), encoding="ascii")
