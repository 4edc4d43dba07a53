"""The guard: a small process of its own that cleans up when the simulator dies without doing so (`kill -9`, a crash).

Why a process: nothing inside the simulator runs after SIGKILL. Rejected: PR_SET_PDEATHSIG, which has to be set between
fork and exec (unsafe beside threads), reaches the direct child only (gunicorn's workers would stay), and removes no
folder; a supervisor per instance, which costs 10 MB and a start each.

How it knows: it reads from a pipe whose write end only the simulator holds, so the kernel tells it of any kind of death
by end of file. A child between fork and exec holds a copy of the write end until exec closes it; so end of file cannot
come before every instance carries its mark, and there is no moment at which an instance could slip through.

It runs in a session of its own, out of reach of Ctrl-C and of a signal to the simulator's group. A death that takes the
guard too (a container or machine that ends) leaves no process either; folders it leaves are for the next start to find.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import Final

from simulator.fleet import process_sweep
from simulator.fleet.process_watch import ExitWatch

# The last sweep ends processes and removes folders; more than this is a kernel or disk that hangs.
_SWEEP_S_MAX: Final = 10.0


class Guard:
    """Watches over everything in `folder` and in control groups of its name in `homes`. `start` before the first
    instance; `close` sweeps and removes them.
    """

    def __init__(self, folder: str, homes: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self._homes = homes
        self._pipe = -1
        self._watch: ExitWatch | None = None

    @property
    def is_running(self) -> bool:
        return self._watch is not None and not self._watch.returned.done()

    async def start(self) -> None:
        """Start it, or start it again if somebody ended it. Does not wait until it has booted: the pipe remembers.

        Raises:
            OSError: when the machine has no process or file to give.
        """
        if self.is_running:
            return
        self._hang_up()
        theirs, ours = os.pipe()
        try:
            _, self._watch = await asyncio.get_running_loop().subprocess_exec(
                ExitWatch,
                *(sys.executable, "-I", "-S", process_sweep.__file__, self.folder, *self._homes),
                stdin=theirs,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env={},
                cwd="/",
                start_new_session=True,
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        os.set_blocking(ours, False)
        self._pipe = ours

    def watch(self, session: int) -> None:
        """An instance leads this session."""
        self._tell(f"+{session}\n")

    def forget(self, session: int) -> None:
        """Nothing of the session is left; its number may be somebody else's soon."""
        self._tell(f"-{session}\n")

    async def close(self) -> None:
        """Let it sweep and wait for that. Idempotent."""
        self._hang_up()
        if self._watch is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SWEEP_S_MAX):
                    await asyncio.shield(self._watch.returned)

    def _tell(self, line: str) -> None:
        # A guard that was ended or stopped by hand cannot be told; the marks still serve the next one.
        with contextlib.suppress(BrokenPipeError, BlockingIOError):
            os.write(self._pipe, line.encode())

    def _hang_up(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
