"""The guard: a small separate process that cleans up if the simulator ends without doing so (`kill -9`, a crash).

It is a process because no code inside the simulator runs after SIGKILL. Rejected: PR_SET_PDEATHSIG, which must be set
between fork and exec (unsafe beside threads), reaches only the direct child (gunicorn's workers would stay), and
removes no folder; a supervisor per instance, which costs 10 MB and a start each.

It reads from a pipe whose write end only the simulator has open, so any kind of end causes an end of file. A child
between fork and exec holds a copy of the write end until exec closes it; so the end of file cannot come before every
instance carries its mark, and no instance is missed.

It runs in its own session, so that Ctrl-C and signals to the simulator's group do not reach it. An event that also ends
the guard (the end of a container or machine) ends all instances as well; the next start removes remaining folders.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import Final

from simulator.fleet.process.confinement import sweep as process_sweep
from simulator.fleet.process.confinement.watch import ExitWatch

# The final sweep ends processes and removes folders; it takes longer only if the kernel or the disk hangs.
_SWEEP_S_MAX: Final = 10.0


class Watchdog:
    """Owns the guard process, which cleans up `folder` and the control groups of its name in `homes`.

    Call `start` before the first instance; `close` ends what is left and removes it.
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
        """Start the guard, or restart it if it was ended. It is not awaited, because the pipe buffers its input.

        Raises:
            OSError: if no process or file descriptor is free.
        """
        if self.is_running:
            return
        self._close_pipe()
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
        """Send the guard the session of an instance."""
        self._send(f"+{session}\n")

    def forget(self, session: int) -> None:
        """Report to the guard that nothing is left of a session, so that the kernel may reuse its number."""
        self._send(f"-{session}\n")

    async def close(self) -> None:
        """Have the guard clean up, and wait until it has ended. Idempotent."""
        self._close_pipe()
        if self._watch is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SWEEP_S_MAX):
                    await asyncio.shield(self._watch.returned)

    def _send(self, line: str) -> None:
        # The guard was ended or stopped by hand. A new one finds the processes by their marks.
        with contextlib.suppress(BrokenPipeError, BlockingIOError):
            os.write(self._pipe, line.encode())

    def _close_pipe(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
