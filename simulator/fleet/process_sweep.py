"""Sweeping up after instances: end every process that belongs to a folder of ours, then remove the folder.

Two users. The process driver sweeps one instance's folder when the instance has ended. Run as a script, this file is
the *guard* (see process_guard.py): it waits on its standard input for the death of the simulator and then sweeps
everything. It therefore imports the standard library only and must start fast.

A process belongs to a folder when its environment carries the folder's mark, or when its session is one that we
started. The mark is inherited by every descendant, whatever groups and sessions it makes for itself; the session is
there for programs that overwrite their environment to show a title in `ps` (setproctitle, PostgreSQL). Neither can hit
a stranger: the folder's name is unique, and a shell of somebody who looks around in the folder has neither.

What escapes: a descendant that leaves the session and clears its environment. Control groups, a later issue, close
that.

Linux only: `/proc`, and pidfds, so that a number that changes hands between the look and the signal is no danger.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

# App Runner reserves the prefix AWSAPPRUNNER for itself (facts 5.2), so no user variable can be in its way.
MARK: Final = "AWSAPPRUNNER_SIMULATOR_INSTANCE"

# A pass ends every process that it finds; only those forked during a pass are left for the next. A fork bomb is what
# would need more passes than these, and no number would do for one.
_PASSES_MAX: Final = 100
# A killed process goes at once unless the kernel holds it in a system call that cannot be interrupted.
_DEATH_S_MAX: Final = 2.0


def sweep(folder: str, sessions: Collection[int]) -> None:
    """End every process of `folder` (or of a folder in it) and of `sessions`; remove `folder`. Blocks: for a thread."""
    end_processes(folder, sessions)
    remove(folder)


def end_processes(folder: str, sessions: Collection[int]) -> int:
    """SIGKILL, pass by pass, until a pass finds none. How many were ended."""
    ended = 0
    for _ in range(_PASSES_MAX):
        found = [pid for pid in _all_processes() if _belongs(pid, folder, sessions)]
        if not found:
            break
        # Young ones last: a parent that is gone cannot fork again.
        ended += sum(_end(pid, folder, sessions) for pid in found)
    return ended


def remove(folder: str) -> None:
    """Remove a folder, also one whose folders were made read-only (module caches are)."""
    shutil.rmtree(folder, ignore_errors=True)
    if not Path(folder).exists():
        return
    for where, _, _ in os.walk(folder):
        with contextlib.suppress(OSError):
            Path(where).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _all_processes() -> Iterator[int]:
    own = os.getpid()
    pids = sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return (pid for pid in pids if pid != own)


def _end(pid: int, folder: str, sessions: Collection[int]) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except OSError:  # gone by itself
        return False
    try:
        # Looked at again: from here on the handle cannot mean another process, and neither could the first look.
        if not _belongs(pid, folder, sessions):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        death = select.poll()
        death.register(handle, select.POLLIN)
        death.poll(_DEATH_S_MAX * 1000)
    except OSError:  # gone by itself, or not ours to end
        return False
    else:
        return True
    finally:
        os.close(handle)


def _belongs(pid: int, folder: str, sessions: Collection[int]) -> bool:
    try:
        # "4711 (a name) S 1 4711 4711 ...": state, parent, group, session. A name may hold anything, brackets too.
        state, _, _, session = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[:4]
        if state in {b"Z", b"X"}:  # dead already, its parent will collect it
            return False
        if int(session) in sessions:
            return True
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except (OSError, ValueError):  # gone, or somebody else's
        return False
    mark = f"{MARK}={folder}".encode()
    return any(entry == mark or entry.startswith(mark + b"/") for entry in environment.split(b"\0"))


def _guard(folder: str) -> None:
    """Wait for the end of standard input, that is of the simulator; keep the book of sessions; then sweep."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Whoever stops a whole control group or terminal stops us with the simulator; our work begins only then.
        signal.signal(number, signal.SIG_IGN)
    sessions: set[int] = set()
    with open(0, "rb") as told:
        for line in told:  # "+4711" a session begins, "-4711" it has ended and been swept
            (sessions.add if line[:1] == b"+" else sessions.discard)(int(line[1:]))
    sweep(folder, sessions)


if __name__ == "__main__":
    _guard(sys.argv[1])
