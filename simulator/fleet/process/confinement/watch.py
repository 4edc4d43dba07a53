"""Child processes: what they must not inherit, and the detection of their exit by the event loop.

A child needs no task and no stream: only its process id and its exit are used.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import cast


def seal_files() -> None:
    """Prevent children from inheriting files other than the three standard ones. It takes 2 us per open file.

    Files that Python opened are not inheritable. Files that a shell or a supervisor left open are, and uvloop, unlike
    subprocess, does not close them in the child.
    """
    with os.scandir("/proc/self/fd") as listing:
        files = [int(entry.name) for entry in listing]
    for file in files:
        if file > 2:
            with contextlib.suppress(OSError):  # the descriptor of the listing is closed by now
                os.set_inheritable(file, False)


def is_waiting(pid: int) -> bool:
    """Return True if the first thread waits for an event, and is not computing, frozen, stopped or ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"S"
    except OSError:
        return False


def innermost(pid: int, depth: int) -> int:
    """Return the first child of the first child, and so on, `depth` times; fewer times if there is none yet."""
    for _ in range(depth):
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            break
        if not children:
            break
        pid = int(children[0])
    return pid


class ExitWatch(asyncio.SubprocessProtocol):
    """Detects the exit of a child: `loop.subprocess_exec(ExitWatch, ...)`.

    `returned`: a future with the return code as Unix reports it, negative for a signal.
    """

    def __init__(self) -> None:
        self.pid = 0
        self.returned: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self.pid = self._transport.get_pid()

    def process_exited(self) -> None:
        assert self._transport is not None
        code = self._transport.get_returncode()
        assert code is not None
        self._transport.close()
        if not self.returned.done():
            self.returned.set_result(code)
