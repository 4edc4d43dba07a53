"""The process driver: an instance is a local process that listens on a port of 127.0.0.1.

It behaves like a container as far as a process can: a session and process group of its own, an environment that holds
nothing of the simulator's, a folder of its own with a copy of the working directory, a port of its own, its output
line by line, its exit as a fact. Nothing survives: not the stop of an instance (the group is killed, then whatever
carries the instance's mark, then the folder goes), not the end of the driver, and not `kill -9` of the simulator
(process_guard.py).

Not here yet, and why: memory and CPU limits come with control groups in a later issue. A memory limit by RLIMIT_AS was
rejected because it counts address space, which runtimes with a garbage collector reserve without using it.

Lives in real time only: it opens sockets, uses threads for slow disk work, and watches children.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from simulator.fleet.driver import InstanceSpec, LaunchError
from simulator.fleet.process_backend import ProcessBackend, RequestService, Throttling
from simulator.fleet.process_environment import (
    InstanceFolder,
    ProcessApplication,
    check_variables,
    clean_environment,
    find_program,
)
from simulator.fleet.process_guard import Guard
from simulator.fleet.process_lines import LineCutter, OutputPipe
from simulator.fleet.process_ports import Ports
from simulator.fleet.process_sweep import sweep
from simulator.fleet.process_watch import ExitWatch, seal_files
from simulator.world.tasks import Tasks

__all__ = ["OnLine", "ProcessApplication", "ProcessDriver", "ProcessSettings", "Throttling"]

HOST: Final = "127.0.0.1"

# service, instance number, "stdout" or "stderr", the line without its end
OnLine = Callable[[str, int, str, str], None]

# The last lines of a dead instance are in the pipe already; this only bounds a reader that hangs.
_LAST_LINES_S_MAX: Final = 1.0


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """`line_bytes_max`: longer lines are told in pieces (16 KiB is where Docker cuts). `scratch`: where the driver's
    folder is made, the system's temporary folder by default.

    Raises:
        ValueError: when a value is out of range.
    """

    throttling: Throttling = Throttling.NONE
    line_bytes_max: int = 16 * 1024
    scratch: Path | None = None

    def __post_init__(self) -> None:
        if not 80 <= self.line_bytes_max <= 1024**2:
            msg = f"line_bytes_max = {self.line_bytes_max}, must be 80 to 1048576"
            raise ValueError(msg)


_DEFAULT: Final = ProcessSettings()


@dataclass(slots=True, eq=False)
class _Holding:
    """What an instance holds of the machine, from the first step of its launch until it is given back."""

    folder: InstanceFolder
    port: int = 0
    pipes: list[OutputPipe] = field(default_factory=list)
    service: RequestService | None = None


class ProcessDriver:
    """Implements `Driver` for one application. To be made and used within a running loop."""

    def __init__(
        self,
        application: ProcessApplication,
        serve: Callable[[str, int], RequestService],
        on_line: OnLine,
        settings: ProcessSettings = _DEFAULT,
    ) -> None:
        """`serve(host, port)` makes the request side of an instance; the composition root passes HttpService."""
        self._application = application
        self._serve = serve
        self._on_line = on_line
        self._settings = settings
        self._ports = Ports()
        self._tasks = Tasks("process driver")
        self._living: dict[ProcessBackend, None] = {}
        self._launches = 0
        self._root: Path | None = None
        self._guard: Guard | None = None
        self._closed = False

    async def launch(self, spec: InstanceSpec) -> ProcessBackend:
        """As `Driver.launch`. A launch that fails or is cancelled leaves nothing behind.

        Raises:
            LaunchError: when the program is not found or cannot be run, the working directory cannot be copied, or the
                machine has no port, file or process to give.
        """
        try:
            check_variables(spec.environment)
            root = await self._guarded()
        except (OSError, ValueError) as error:
            raise _launch_error(spec, error) from error
        self._launches += 1
        holding = _Holding(InstanceFolder(root / f"{self._launches}-{spec.number}"))
        try:
            return await self._start(spec, holding)
        except BaseException as error:
            # A task, shielded: a second cancellation must not leave the work half done.
            await asyncio.shield(self._tasks.spawn(self._give_back(holding, ()), "give back"))
            if isinstance(error, OSError):
                raise _launch_error(spec, error) from error
            raise

    async def close(self) -> None:
        """As `Driver.close`. Kills what still runs. Idempotent; nothing is launched afterwards."""
        self._closed = True
        for backend in list(self._living):
            backend.kill()
        for backend in list(self._living):
            with contextlib.suppress(TimeoutError):  # the guard tries once more
                await backend.stop(grace_s=0)
        if self._guard is not None:
            await self._guard.close()
        await self._tasks.close()

    # --- leaves ---

    async def _guarded(self) -> Path:
        """The driver's folder, made with the first launch, and the guard over it, running."""
        if self._closed:
            msg = "the process driver has been closed"
            raise LaunchError(msg)
        if self._guard is None or self._root is None:
            self._root = _new_folder(self._settings.scratch)
            self._guard = Guard(str(self._root))
        await self._guard.start()
        return self._root

    async def _start(self, spec: InstanceSpec, holding: _Holding) -> ProcessBackend:
        loop = asyncio.get_running_loop()
        application, folder = self._application, holding.folder
        await loop.run_in_executor(None, folder.make, application.working_directory)
        holding.port = self._ports.take()
        environment = clean_environment(folder, holding.port, application.environment, spec.environment)
        program = find_program(application.command[0], environment["PATH"], folder.app)
        holding.pipes.extend(self._pipe(spec, stream) for stream in ("stdout", "stderr"))
        seal_files()
        # Not asyncio.create_subprocess_exec: its streams would want a task a stream, its exit a task an instance.
        _, watch = await loop.subprocess_exec(
            ExitWatch,
            *(program, *application.command[1:]),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=holding.pipes[0].child_end,
            stderr=holding.pipes[1].child_end,
            cwd=folder.app,
            env=environment,
            start_new_session=True,
        )
        return self._started(watch, holding)

    def _pipe(self, spec: InstanceSpec, stream: str) -> OutputPipe:
        def tell(line: str) -> None:
            self._on_line(spec.service, spec.number, stream, line)

        return OutputPipe(LineCutter(tell, self._settings.line_bytes_max))

    def _started(self, watch: ExitWatch, holding: _Holding) -> ProcessBackend:
        """From here on the process is ours to end; no await between its start and this."""
        assert self._guard is not None
        self._guard.watch(watch.pid)
        for pipe in holding.pipes:
            pipe.close_child_end()
        holding.service = self._serve(HOST, holding.port)

        def ended(backend: ProcessBackend) -> None:
            self._tasks.spawn(self._clear_away(backend, holding), f"clear away {backend.pid}")

        backend = ProcessBackend(watch, holding.service, self._settings.throttling, ended)
        self._living[backend] = None
        if self._closed:  # while it was being launched
            backend.kill()
        return backend

    async def _clear_away(self, backend: ProcessBackend, holding: _Holding) -> None:
        try:
            await self._give_back(holding, (backend.pid,))
        finally:
            assert self._guard is not None
            self._guard.forget(backend.pid)
            self._living.pop(backend, None)
            backend.left.set_result(None)

    async def _give_back(self, holding: _Holding, sessions: tuple[int, ...]) -> None:
        if holding.service is not None:
            await holding.service.close()
        for pipe in holding.pipes:
            pipe.close_child_end()
        await asyncio.get_running_loop().run_in_executor(None, sweep, str(holding.folder.root), sessions)
        # After the sweep nobody holds the other end any more, so the streams end by themselves.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_LINES_S_MAX):
                for pipe in holding.pipes:
                    await asyncio.shield(pipe.ended)
        for pipe in holding.pipes:
            pipe.close()
        self._ports.release(holding.port)


def _new_folder(scratch: Path | None) -> Path:
    """Resolved, as marks are compared by name and the temporary folder may be reached through a link."""
    return Path(tempfile.mkdtemp(prefix="apprunner-", dir=scratch)).resolve()


def _launch_error(spec: InstanceSpec, error: Exception) -> LaunchError:
    return LaunchError(f"instance {spec.number} of {spec.service} could not be launched: {error}")
