"""The process driver: an instance is a local process that listens on a port of 127.0.0.1.

It behaves like a container as far as a process can: it has its own session, process group and namespaces, in which it
sees neither the simulator's state nor other instances (fleet/process/confinement/isolation.py), an environment without
variables of the simulator, its own folder with a copy of the working directory, its own port, at most the CPU and
memory of its size (limits.py), and 3 GB of storage (fleet/process/confinement/storage.py). Its output is reported line
by line, and its exit as an event. When an instance stops, its process group is killed, then every process that carries
the instance's mark or is in its control group, then the folder is removed. The same happens when the driver ends, and
after `kill -9` of the simulator (fleet/process/confinement/watchdog.py; if the guard was killed as well, the next start
removes what is left).

Real time only: it opens sockets, uses threads for slow disk work, and watches child processes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from simulator.fleet.network.egress_rules import EgressRules
from simulator.fleet.ports import InstanceSpec, LaunchError, OnLine, OwnLoopback, no_work
from simulator.fleet.process.backend import ProcessBackend, RequestService
from simulator.fleet.process.confinement import storage
from simulator.fleet.process.confinement.isolation import Namespaces, Way, find_namespaces, mount_plan_for
from simulator.fleet.process.confinement.line_splitter import LineSplitter, OutputPipe
from simulator.fleet.process.confinement.orphans import ORPHANS
from simulator.fleet.process.confinement.sweep import sweep
from simulator.fleet.process.confinement.watch import ExitWatch, seal_files
from simulator.fleet.process.confinement.watchdog import Watchdog
from simulator.fleet.process.environment import (
    InstanceFolder,
    ProcessApplication,
    check_variables,
    clean_environment,
    find_program,
)
from simulator.fleet.process.limits import Confinement, Limits
from simulator.fleet.process.listening import InstanceSockets
from simulator.fleet.process.networks import ProcessNetwork, ProcessNetworks, bound_to, reached_at, within
from simulator.fleet.process.ports import Ports
from simulator.fleet.process.scratch_folder import new_name
from simulator.fleet.process.settings import ProcessSettings
from simulator.world.tasks import Tasks

# The last lines of an ended instance are in the pipe already; this only limits the wait if a reader hangs.
_LAST_LINES_S_MAX: Final = 1.0


_DEFAULT: Final = ProcessSettings()
_NONE: Final = Namespaces(Way.FOLDER, "they are switched off")


@dataclass(slots=True, eq=False)
class _InstanceResources:
    """Resources of the machine that an instance uses, from the first step of its launch until they are released."""

    folder: InstanceFolder
    port: int = 0
    pipes: list[OutputPipe] = field(default_factory=list)
    limits: Limits | None = None
    groups: tuple[str, ...] = ()
    service: RequestService | None = None
    network: ProcessNetwork | None = None

    def used_s(self) -> float:
        return self.limits.used_s() if self.limits is not None else 0.0


class ProcessDriver:
    """Implements `Driver` for one application. Create and use it in a running loop."""

    is_simulated = False
    takes_variables = ejection_applies = True
    draw = staticmethod(no_work)
    finished = None

    def __init__(
        self,
        application: ProcessApplication,
        serve: Callable[[str, int], RequestService],
        on_line: OnLine,
        settings: ProcessSettings = _DEFAULT,
        rules: EgressRules | None = None,
    ) -> None:
        """Create the driver. `serve(host, port)` creates the request part of a backend, such as an HttpService.

        `rules`: what instances may reach; with rules, each instance has its own network.
        """
        self._networks = ProcessNetworks(rules) if rules is not None else None
        self._application = application
        self._serve = serve
        self._on_line = on_line
        self._settings = settings
        self._ports = Ports()
        self._tasks = Tasks("process driver")
        self._living: dict[ProcessBackend, _InstanceResources] = {}
        self._confinement = Confinement.find(settings.processes, groups=settings.control_groups)
        self._namespaces = _NONE  # until the first launch determines what the machine permits
        self._gone_used_s = 0.0  # CPU seconds of ended instances
        self._launches = 0
        self._root: Path | None = None
        self._guard: Watchdog | None = None
        self._start_lock = asyncio.Lock()
        self._closing = contextlib.ExitStack()
        self._closed = False

    async def launch(self, spec: InstanceSpec) -> ProcessBackend:
        """Launch a process as `Driver.launch` does. A launch that fails or is cancelled leaves nothing behind.

        Raises:
            LaunchError: if the program is not found or cannot be run, the working directory cannot be copied, or the
                machine has no free port, file descriptor or process.
        """
        try:
            check_variables(spec.environment)
            root = await self._guarded()
        except (OSError, ValueError) as error:
            raise _launch_error(spec, error) from error
        self._launches += 1
        holding = _InstanceResources(InstanceFolder(root / f"{self._launches}-{spec.number}"))
        try:
            return await self._start(spec, holding)
        except BaseException as error:
            # A shielded task: a second cancellation must not interrupt the release.
            await asyncio.shield(self._tasks.spawn(self._release_resources(holding, ()), "give back"))
            if isinstance(error, OSError):
                raise _launch_error(spec, error) from error
            raise

    @property
    def limits_in_force(self) -> str:
        """The limits that apply to instances on this machine, as a sentence for users.

        The value changes if the kernel rejects a control group.
        """
        return str(self._confinement) if self._root is None else f"{self._confinement}; {self._namespaces}"

    @property
    def has_fixed_port(self) -> bool:
        """True if an instance listens on the service's own port, so that no second instance can run."""
        return self._networks is None and any(backend.has_fixed_port for backend in self._living)

    @property
    def own_loopback(self) -> OwnLoopback | None:
        return self._networks

    def cpu_used_s(self) -> float:
        """Return the CPU seconds that instances, including ended ones, have used so far."""
        return self._gone_used_s + sum(holding.used_s() for holding in self._living.values())

    async def close(self) -> None:
        """Kill the instances that still run and remove them. Idempotent; nothing can be launched afterwards."""
        self._closed = True
        self._closing.close()
        for backend in list(self._living):
            backend.kill()
        for backend in list(self._living):
            with contextlib.suppress(TimeoutError):  # the guard tries it again
                await backend.stop(grace_s=0)
        if self._guard is not None:
            await self._guard.close()
        await self._tasks.close()

    # --- helpers ---

    async def _guarded(self) -> Path:
        """Return the driver's folder; the first launch creates it and starts its guard."""
        async with self._start_lock:  # one guard, even if several launches run at a time
            if self._closed:
                msg = "the process driver has been closed"
                raise LaunchError(msg)
            if self._guard is None or self._root is None:
                homes = self._confinement.homes
                self._root = new_name(self._settings.scratch)
                self._guard = Watchdog(str(self._root), homes)
                ORPHANS.begin(str(self._root.parent), homes)
                self._closing.callback(ORPHANS.end, str(self._root.parent), homes)
                self._tasks.spawn(
                    storage.watch(self._folders, self._settings.storage_bytes, self._settings.storage_interval_s),
                    "storage",
                )
                if self._networks is not None:
                    self._tasks.spawn(self._networks.sweep(), "orphans of networks")
                if self._settings.namespaces or self._application.mounts:
                    self._namespaces = await asyncio.get_running_loop().run_in_executor(None, find_namespaces)
            # The guard first: a folder created before it would remain if the simulator were killed in between.
            await self._guard.start()
            self._root.mkdir(mode=0o700, exist_ok=True)
        return self._root

    async def _start(self, spec: InstanceSpec, holding: _InstanceResources) -> ProcessBackend:
        loop = asyncio.get_running_loop()
        application, folder = self._application, holding.folder
        hidden = [place.resolve() for place in self._settings.hidden]
        await loop.run_in_executor(None, folder.make, application.working_directory, hidden)
        holding.port = self._ports.take()
        holding.limits = limits = self._limits(folder, spec)
        holding.groups = limits.directories
        if self._networks is not None:
            holding.network = await self._networks.open(spec.number, self._namespaces)
        host = bound_to(holding.network)
        environment = clean_environment(folder, holding.port, application.environment, spec.environment, host)
        command = await loop.run_in_executor(None, self._command, holding, environment)
        holding.pipes.extend(self._pipe(spec, stream) for stream in ("stdout", "stderr"))
        seal_files()
        # Not asyncio.create_subprocess_exec, which creates a task for each stream and each instance.
        _, watch = await loop.subprocess_exec(
            ExitWatch,
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=holding.pipes[0].child_end,
            stderr=holding.pipes[1].child_end,
            cwd=folder.app,
            env=environment,
            start_new_session=True,
        )
        holding.limits = limits = self._confined(watch, limits, spec)
        return self._started(spec, watch, holding, limits)

    def _command(self, holding: _InstanceResources, environment: dict[str, str]) -> tuple[str, ...]:
        """Return the command line of an instance. Blocks: call it in a thread."""
        folder, network = holding.folder, holding.network
        application, settings, set_up = self._application, self._settings, self._application.set_up
        program = application.command[0]
        if set_up is None:
            program = find_program(program, environment["PATH"], folder.app)
        command = (program, *application.command[1:])
        mount_plan = mount_plan_for(
            folder.root,
            command,
            environment,
            settings.hidden,
            shown=(*settings.shown, *(set_up.shown if set_up else ())),
            processes=settings.processes,
        )
        before, prefix = set_up.command if set_up else (), network.own.prefix if network else ()
        mount_plan = within(network, mount_plan, folder.root)
        return (*prefix, *self._namespaces.command(mount_plan, command, before, as_root=application.mounts))

    def _limits(self, folder: InstanceFolder, spec: InstanceSpec) -> Limits:
        try:
            return self._confinement.make(f"{folder.root.parent.name}-{folder.root.name}", spec.size)
        except OSError as error:
            return self._without_groups(error, spec)

    def _confined(self, watch: ExitWatch, limits: Limits, spec: InstanceSpec) -> Limits:
        """Apply the limits to the process. Return those in force: weaker ones if the kernel rejects the group."""
        try:
            limits.confine(watch.pid)
        except ProcessLookupError:  # it has ended already
            return limits
        except OSError as error:
            limits = self._without_groups(error, spec)
            limits.confine(watch.pid)
        return limits

    def _without_groups(self, error: OSError, spec: InstanceSpec) -> Limits:
        """Continue without control groups after the kernel rejected one: weaker limits are better than no instance."""
        self._confinement = Confinement(None, str(error), self._settings.processes)
        return self._confinement.make("", spec.size)

    def _folders(self) -> list[tuple[Path, Callable[[str], None]]]:
        """Return the folders of the running instances, each with the function that ends the instance."""
        return [(holding.folder.root, backend.end) for backend, holding in self._living.items()]

    def _pipe(self, spec: InstanceSpec, stream: str) -> OutputPipe:
        def report(line: str) -> None:
            self._on_line(spec.service, spec.number, stream, line)

        return OutputPipe(LineSplitter(report, self._settings.line_bytes_max))

    def _started(
        self, spec: InstanceSpec, watch: ExitWatch, holding: _InstanceResources, limits: Limits
    ) -> ProcessBackend:
        """Create the backend of a started process.

        No await separates this from the start, so cancellation cannot leak it.
        """
        assert self._guard is not None
        self._guard.watch(watch.pid)
        for pipe in holding.pipes:
            pipe.close_child_end()
        holding.service = self._serve(reached_at(holding.network), holding.port)
        sockets = InstanceSockets(watch.pid, holding.groups, port=spec.port, given=holding.port)

        async def turn_to_fixed_port() -> RequestService:
            before, holding.service = holding.service, self._serve(reached_at(holding.network), spec.port)
            sockets.has_fixed_port = True
            if before is not None:
                await before.close()
            return holding.service

        def ended(backend: ProcessBackend) -> None:
            self._tasks.spawn(self._clean_up(backend, holding), f"clean up {backend.pid}")

        switch = limits.switch(self._settings.throttling, self._settings.idle_vcpu)
        backend = ProcessBackend(
            watch,
            holding.service,
            switch,
            limits.exceeded,
            ended,
            limits.usage,
            depth=self._namespaces.depth,
            sockets=sockets,
            turn_to_fixed_port=turn_to_fixed_port,
        )
        self._living[backend] = holding
        if self._closed:  # the driver was closed during the launch
            backend.kill()
        return backend

    async def _clean_up(self, backend: ProcessBackend, holding: _InstanceResources) -> None:
        holding.used_s()  # read the CPU clock for the last time: it is removed with the control group
        try:
            await self._release_resources(holding, (backend.pid,))
        finally:
            assert self._guard is not None
            self._guard.forget(backend.pid)
            self._living.pop(backend, None)
            self._gone_used_s += holding.used_s()
            backend.left.set_result(None)

    async def _release_resources(self, holding: _InstanceResources, sessions: tuple[int, ...]) -> None:
        if holding.service is not None:
            await holding.service.close()
        for pipe in holding.pipes:
            pipe.close_child_end()
        root = str(holding.folder.root)
        await asyncio.get_running_loop().run_in_executor(None, sweep, root, sessions, holding.groups)
        if holding.network is not None:
            await holding.network.close()
        # After the sweep no process has the other end open, so the streams reach their end.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_LINES_S_MAX):
                for pipe in holding.pipes:
                    await asyncio.shield(pipe.ended)
        for pipe in holding.pipes:
            pipe.close()
        self._ports.release(holding.port)


def _launch_error(spec: InstanceSpec, error: Exception) -> LaunchError:
    return LaunchError(f"instance {spec.number} of {spec.service} could not be launched: {error}")
