"""Runs one command of a build within limits: time, CPU, memory, number of processes, file size, disk.

No process of a command survives its end: the session is killed, then every process that has the build's mark or is in
its control group. A guard does the same if the simulator is killed during a build.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulator.fleet.process.confinement.cgroup import Group
from simulator.fleet.process.confinement.group_search import GroupHome
from simulator.fleet.process.confinement.line_splitter import LineSplitter, OutputPipe
from simulator.fleet.process.confinement.storage import used_bytes
from simulator.fleet.process.confinement.sweep import MARK, end_processes
from simulator.fleet.process.confinement.watch import ExitWatch, seal_files
from simulator.world.tasks import Tasks, first_of

_LINE_BYTES_MAX: Final = 16 * 1024
_LAST_LINES_S_MAX: Final = 1.0
_MEASURE_S: Final = 0.5
BYTES_PER_MB: Final = 1024**2
_KILLED: Final = 128  # a shell reports a command that a signal ended as 128 + the signal's number
_SIGXFSZ: Final = 25


@dataclass(frozen=True, slots=True)
class BuildLimits:
    """Limits of a build. `file_bytes` is the maximum file length, holes included.

    Raises:
        ValueError: if a value is out of range.
    """

    # ASSUMPTION: builds run in CodeBuild (facts 6.3), whose small size has 2 vCPU and whose builds time out after an
    # hour by default; which size App Runner uses is unknown. `nproc`, `free` and a build that sleeps would settle it.
    vcpu: float = 2.0
    memory_mb: int = 4096
    duration_s: float = 3600.0
    processes: int = 1024
    disk_bytes: int = 10 * 1024**3
    # An instance has 3 GB in total (facts 5.2), so a longer file is of no use.
    file_bytes: int = 3 * 1024**3

    def __post_init__(self) -> None:
        for name in ("vcpu", "memory_mb", "duration_s", "processes", "disk_bytes", "file_bytes"):
            if not getattr(self, name) > 0:
                msg = f"{name} = {getattr(self, name):g}, must be more than 0"
                raise ValueError(msg)


class CommandStopped(Exception):
    """A limit was exceeded. The message is a sentence without a full stop."""


def stopped_for_length(code: int, limits: BuildLimits) -> None:
    """Raise CommandStopped if the exit code, as a shell reports it, means that the file size limit was exceeded."""
    if code == _KILLED + _SIGXFSZ:
        raise CommandStopped(f"the build wrote a file of more than {limits.file_bytes // BYTES_PER_MB} MB")


def too_many_processes(limits: BuildLimits) -> str:
    return f"the build took more than {limits.processes} processes"


class LimitedRunner:
    """Runs the commands of one build, one after another.

    `mark`: a unique folder name in the environment of the commands. `home`: the directory for control groups; None if
    they are unavailable. `watch`: called with every session.
    """

    def __init__(
        self,
        mark: str,
        folder: Path,
        limits: BuildLimits,
        home: GroupHome | None,
        watch: Callable[[int], None],
        forget: Callable[[int], None],
    ) -> None:
        self._mark = mark
        self._folder = folder
        self._limits = limits
        self._home = home
        self._watch = watch
        self._forget = forget
        self._runs = 0
        self._deadline_s = asyncio.get_running_loop().time() + limits.duration_s

    async def run(
        self, command: tuple[str, ...], environment: Mapping[str, str], on_line: Callable[[str], None]
    ) -> int:
        """Run a command and return its exit code. Raises CommandStopped, and OSError if no process can be started."""
        group = self._group()
        pipe = OutputPipe(LineSplitter(on_line, _LINE_BYTES_MAX))
        async with Tasks("build command") as tasks:
            try:
                watch = await self._start(command, environment, pipe, group)
                try:
                    await self._until_end(watch, group, tasks)
                    await self._rest_of(pipe)
                    return self._code(watch.returned.result(), group)
                finally:
                    # A separate, shielded task, so that a second cancellation cannot leave processes behind.
                    await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, self._end, watch.pid, group))
                    self._forget(watch.pid)
            finally:
                pipe.close()
                _remove(group)

    async def _start(
        self, command: tuple[str, ...], environment: Mapping[str, str], pipe: OutputPipe, group: Group | None
    ) -> ExitWatch:
        seal_files()
        # The process is stopped until it is in its group and has its limits, so that no child starts without them.
        held, release = os.pipe()
        try:
            _, watch = await asyncio.get_running_loop().subprocess_exec(
                ExitWatch,
                *("/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "sh", *command),
                stdin=held,
                stdout=pipe.child_end,
                stderr=pipe.child_end,
                cwd=self._folder,
                env={**environment, MARK: self._mark},
                start_new_session=True,
            )
            self._watch(watch.pid)
            pipe.close_child_end()
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(watch.pid, resource.RLIMIT_FSIZE, (self._limits.file_bytes, self._limits.file_bytes))
                resource.prlimit(watch.pid, resource.RLIMIT_CORE, (0, 0))
                if group is not None:
                    group.join(watch.pid)
            os.write(release, b"go\n")
            return watch
        finally:
            os.close(held)
            os.close(release)

    async def _until_end(self, watch: ExitWatch, group: Group | None, tasks: Tasks) -> None:
        loop = asyncio.get_running_loop()
        left_s = self._deadline_s - loop.time()
        full = tasks.spawn(self._until_full(group), "bounds")
        try:
            async with asyncio.timeout(left_s):
                if await first_of(watch.returned, full) == 1:
                    raise CommandStopped(full.result())
        except TimeoutError as error:
            raise CommandStopped(f"the build took more than {self._limits.duration_s:g} s") from error
        finally:
            full.cancel()

    async def _until_full(self, group: Group | None) -> str:
        """Wait until a limit is exceeded, and describe it."""
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(OSError):
                if group is not None and group.rejected_processes() > 0:
                    return too_many_processes(self._limits)
            used = await loop.run_in_executor(None, used_bytes, self._folder)
            if used > self._limits.disk_bytes:
                return f"the build took more than {self._limits.disk_bytes // BYTES_PER_MB} MB of disk"
            await asyncio.sleep(_MEASURE_S)

    def _code(self, code: int, group: Group | None) -> int:
        """Return the exit code as a shell reports it. Raise CommandStopped if a limit of the kernel caused it."""
        if group is not None:
            with contextlib.suppress(OSError):
                if group.oom_kills() > 0:
                    raise CommandStopped(f"the build took more than {self._limits.memory_mb} MB of memory")
                if group.rejected_processes() > 0 and code != 0:
                    raise CommandStopped(too_many_processes(self._limits))
        code = code if code >= 0 else _KILLED - code
        stopped_for_length(code, self._limits)
        return code

    def _group(self) -> Group | None:
        if self._home is None:
            return None
        self._runs += 1
        group = self._home.group(f"{Path(self._mark).parent.name}-{Path(self._mark).name}-{self._runs}")
        try:
            group.make()
            group.limit_cpu(self._limits.vcpu)
            group.limit_memory(self._limits.memory_mb * BYTES_PER_MB)
            group.limit_processes(self._limits.processes)
        except OSError:
            _remove(group)
            return None
        return group

    def _end(self, session: int, group: Group | None) -> None:
        """End the session and all its processes. Blocks; call it in a thread."""
        names = {directory.name for directory in group.directories} if group is not None else set()
        end_processes(self._mark, (session,), names)

    @staticmethod
    async def _rest_of(pipe: OutputPipe) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_LINES_S_MAX):
                await asyncio.shield(pipe.ended)


def _remove(group: Group | None) -> None:
    if group is not None:
        for directory in group.directories:
            with contextlib.suppress(OSError):  # the guard and the next start look for remaining processes
                directory.rmdir()
