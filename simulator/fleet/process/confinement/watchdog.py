"""The guard: a small separate process that cleans up when the simulator ends without doing so (`kill -9`, a crash).

Why a process: no code inside the simulator runs after SIGKILL. Rejected: PR_SET_PDEATHSIG, which must be set between
fork and exec (unsafe beside threads), reaches only the direct child (gunicorn's workers would stay), and removes no
folder; a supervisor per instance, which costs 10 MB and a start each.

How it detects the end: it reads from a pipe whose write end only the simulator holds, so the kernel signals any kind of
end by end of file. A child between fork and exec holds a copy of the write end until exec closes it; so end of file
cannot come before every instance carries its mark, and no instance can be missed.

It runs in its own session, out of reach of Ctrl-C and of a signal to the simulator's group. An event that ends the
guard too (the end of a container or machine) leaves no process either; the next start finds remaining folders.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import Final

from simulator.fleet.process.confinement import sweep as process_sweep
from simulator.fleet.process.confinement.watch import ExitWatch

# The last sweep ends processes and removes folders; a longer time means that the kernel or the disk hangs.
_SWEEP_S_MAX: Final = 10.0


class Watchdog:
    """Cleans up everything in `folder` and in control groups of its name in `homes`.

    Call `start` before the first instance; `close` sweeps and removes them.
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
        """Start the guard, or restart it if it was ended; its boot is not awaited, as the pipe buffers its input.

        Raises:
            OSError: if the machine has no free process or file.
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
        """Register the session of an instance."""
        self._tell(f"+{session}\n")

    def forget(self, session: int) -> None:
        """Unregister a session of which nothing is left; the kernel may reuse its number."""
        self._tell(f"-{session}\n")

    async def close(self) -> None:
        """Let the guard sweep and wait for it. Idempotent."""
        self._hang_up()
        if self._watch is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SWEEP_S_MAX):
                    await asyncio.shield(self._watch.returned)

    def _tell(self, line: str) -> None:
        # A guard that was ended or stopped by hand cannot be notified; the marks still serve the next one.
        with contextlib.suppress(BrokenPipeError, BlockingIOError):
            os.write(self._pipe, line.encode())

    def _hang_up(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
