"""The Docker driver: each instance is a container of an engine, with App Runner's CPU, memory and storage.

A container's port is published on 127.0.0.1 only. Every object that the driver creates carries labels, by which a later
start finds those of a simulator that was killed (labels.py). The engine may be restarted during a run: existing
instances are then lost, and launches wait until the engine answers again.

An idle instance loses its CPU through its control group, which is accessible only if the engine runs on this machine.
With a remote engine it keeps its CPU, and `limits_in_force` says so.

Ephemeral storage is limited by a quota if the engine's storage driver supports one; a write that exceeds it fails.
Otherwise usage is measured, and an instance that exceeds the limit is ended (assumption in
fleet/process/confinement/storage.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from simulator.fleet.docker import storage
from simulator.fleet.docker.backend import ContainerBackend
from simulator.fleet.docker.config import (
    HOST,
    DockerApplication,
    DockerSettings,
    container_config,
    missing_image,
)
from simulator.fleet.docker.engine import Engine, EngineGone, EngineRejected, Quota, Running
from simulator.fleet.docker.engine_address import is_local
from simulator.fleet.docker.labels import sweep_orphans
from simulator.fleet.docker.networks import ContainerNetworks
from simulator.fleet.network.egress_rules import EgressRules
from simulator.fleet.network.namespace_proxy import cannot_open, listening_inside
from simulator.fleet.network.packet_filter import sweep_tables
from simulator.fleet.ports import (
    Close,
    InstanceSpec,
    LaunchError,
    LoopbackListener,
    OnLine,
    OwnLoopback,
    ResourceUsage,
    no_work,
)
from simulator.fleet.process.backend import RequestService
from simulator.fleet.process.confinement.cgroup import NoGroupsError
from simulator.fleet.process.confinement.group_search import group_of
from simulator.fleet.process.confinement.line_splitter import LineSplitter
from simulator.fleet.process.confinement.sweep import is_orphan, owner_name
from simulator.fleet.process.environment import check_variables
from simulator.fleet.process.kernel_listeners import SessionLeader
from simulator.fleet.process.limits import GroupLimits, NoSwitch
from simulator.model.images import ImageIdentifier
from simulator.world.tasks import Tasks

# The last lines of an ended container are in transit already; this only limits the wait if the engine hangs.
_LAST_LINES_S_MAX: Final = 1.0
_REMOVE_S: Final = 1.0  # pause between two attempts to remove a container

_DEFAULT: Final = DockerSettings()


@dataclass(slots=True, eq=False)
class _RunningContainer:
    spec: InstanceSpec
    service: RequestService
    limits: GroupLimits | None
    has_volumes: bool
    closes: list[Close] = field(default_factory=list)  # functions that close its loopback listeners


def _unmeasured() -> ResourceUsage | None:
    """Return None: the engine and its control groups are on another machine."""
    return None


class DockerDriver:
    """Implements `Driver` for one application, and `OwnLoopback`. Create and use it in a running loop."""

    is_simulated = has_fixed_port = False
    takes_variables = ejection_applies = True
    draw = staticmethod(no_work)
    finished = None

    def __init__(
        self,
        application: DockerApplication,
        serve: Callable[[str, int], RequestService],
        on_line: OnLine,
        settings: DockerSettings = _DEFAULT,
        rules: EgressRules | None = None,
    ) -> None:
        """Create the driver. `serve(host, port)` creates the request part of a backend, such as an HttpService.

        `rules`: what instances may reach; replaces the application's egress setting.
        """
        self._application = application
        self.taken = frozenset({application.port})
        self._serve = serve
        self._on_line = on_line
        self._settings = settings
        self._engine = Engine(settings.host)
        self._tasks = Tasks("docker driver")
        self._opening: asyncio.Task[None] | None = None
        self._owner = owner_name(os.getpid())
        self._living: dict[ContainerBackend, _RunningContainer] = {}
        self._lost: dict[str, None] = {}  # containers that were left when the engine stopped answering
        self._listeners: list[LoopbackListener] = []
        self._networks = ContainerNetworks(self._engine, self._owner, application.egress, rules)
        self._quota = Quota.NONE  # until the engine reports its own
        self._launches = 0
        self._gone_used_s = 0.0
        self._closed = False

    async def launch(self, spec: InstanceSpec) -> ContainerBackend:
        """Launch a container as `Driver.launch` does. A launch that fails or is cancelled leaves nothing behind."""
        if self._closed:
            msg = "the docker driver has been closed"
            raise LaunchError(msg)
        try:
            check_variables(spec.environment)
            await self._engine.until_it_answers(self._settings.engine_patience_s)
            await self._open()
            running, has_volumes = await self._run(spec)
        except (EngineGone, EngineRejected, ValueError) as error:
            msg = f"instance {spec.number} of {spec.service} could not be launched: {error}"
            raise LaunchError(msg) from error
        backend = self._started(spec, running, has_volumes=has_volumes)
        try:
            await self._open_listeners(backend, running.pid)
        except BaseException:
            backend.kill()
            raise
        return backend

    @property
    def own_loopback(self) -> OwnLoopback:
        return self

    def add_listener(self, listener: LoopbackListener) -> None:
        self._listeners.append(listener)

    @property
    def limits_in_force(self) -> str:
        """The limits that apply to instances, as a sentence for users."""
        idle = (
            "control groups"
            if is_local(self._settings.host)
            else "cannot be throttled, the engine runs on another machine"
        )
        storage = "measured" if self._quota is Quota.NONE else "quota"
        return f"CPU and memory limits: the engine's; ephemeral storage: {storage}; idle instances: {idle}"

    def cpu_used_s(self) -> float:
        """Return the CPU seconds that instances, including ended ones, have used so far; 0 with a remote engine."""
        return self._gone_used_s + sum(living.limits.used_s() for living in self._living.values() if living.limits)

    async def close(self) -> None:
        """Kill the containers that still run and remove them. Idempotent; nothing can be launched afterwards."""
        self._closed = True
        for backend in list(self._living):
            backend.kill()
        for backend in list(self._living):
            with contextlib.suppress(TimeoutError):  # the next start removes what is left
                await backend.stop(grace_s=0)
        with contextlib.suppress(EngineGone):  # the next start removes what is left
            for container in list(self._lost):
                await self._engine.remove(container)
        await self._networks.close()
        await self._tasks.close()
        await self._engine.close()

    # --- launching ---

    async def _open(self) -> None:
        """Start the measurement of storage and the removal of orphans, once. Every launch waits for this."""
        if self._opening is None or (self._opening.done() and self._opening.exception() is not None):
            self._opening = self._tasks.spawn(self._prepare(), "opening")
        await asyncio.shield(self._opening)

    async def _prepare(self) -> None:
        self._tasks.spawn(self._sweep(), "orphans")  # launches need not wait for it
        self._quota = await self._engine.quota()
        settings = self._settings
        self._tasks.spawn(
            storage.watch(self._engine, self._measured, settings.storage_bytes, settings.storage_interval_s), "storage"
        )

    async def _sweep(self) -> None:
        with contextlib.suppress(EngineGone, EngineRejected):  # the next start removes what is left
            await sweep_orphans(self._engine)
        await sweep_tables(is_orphan)

    def _measured(self) -> list[tuple[str, Callable[[str], None]]]:
        """Return the running containers without a quota, which excludes volumes, with the function that ends each."""
        return [
            (backend.container, backend.end)
            for backend, living in self._living.items()
            if living.has_volumes or self._quota is Quota.NONE
        ]

    async def _run(self, spec: InstanceSpec) -> tuple[Running, bool]:
        """Start a container. Return it, and whether it has volumes."""
        image = await self._engine.image(ImageIdentifier(self._application.image).local_names)
        if image is None:
            raise ValueError(missing_image(self._application.image))
        self._launches += 1
        name = f"{self._owner}{spec.service}-{spec.number}-{self._launches}-{id(self):x}"
        application, network = self._application, await self._networks.of_instance(spec.number)
        quota_bytes = storage.quota_bytes(self._quota, image.size_bytes, self._settings.storage_bytes)
        configured = partial(
            container_config, application, spec, image, owner=self._owner, network=network.name, hosts=network.hosts
        )
        try:
            running = await self._engine.run(configured(quota_bytes=quota_bytes), name, application.port)
            return running, bool(image.volumes)
        except EngineRejected as error:
            if not (quota_bytes and "storage-opt" in str(error).lower()):
                raise
        self._quota = Quota.NONE
        return await self._engine.run(configured(), name, application.port), bool(image.volumes)

    def _started(self, spec: InstanceSpec, running: Running, *, has_volumes: bool) -> ContainerBackend:
        """Create the backend of a started container; there is no await since the start, so none can leak."""
        leader = SessionLeader.of_container(running.pid, running.container) if is_local(self._settings.host) else None
        limits = None
        if leader is not None:
            with contextlib.suppress(NoGroupsError):  # it has ended already
                limits = GroupLimits(group_of(leader.pid), spec.size)
        switch = limits.switch(self._settings.throttling, self._settings.idle_vcpu) if limits else NoSwitch()
        service = self._serve(HOST, running.port)
        backend = ContainerBackend(
            running,
            self._application.port,
            service,
            switch,
            self._send,
            limits.usage if limits is not None else _unmeasured,
            leader=leader,
            is_running=partial(self._is_running, running.container),
        )
        self._living[backend] = _RunningContainer(spec, service, limits, has_volumes)
        self._tasks.spawn(self._attend(backend), f"container {spec.number} of {spec.service}")
        if self._closed:  # the driver was closed during the launch
            backend.kill()
        return backend

    async def _open_listeners(self, backend: ContainerBackend, pid: int) -> None:
        """Open the loopback listeners just after the start.

        An application that connects within the first milliseconds must retry.

        Raises:
            LaunchError: if this process cannot open one.
        """
        living = self._living[backend]
        local = is_local(self._settings.host)
        if local and pid <= 0:
            return  # it has ended already
        for listener in self._listeners:
            try:
                close = await listener.serve(listening_inside(pid if local else 0, listener.port))
            except FileNotFoundError:
                return  # it has ended already
            except OSError as error:
                spec = living.spec
                msg = f"instance {spec.number} of {spec.service} could not be launched: {cannot_open(listener, error)}"
                raise LaunchError(msg) from error
            if backend.exited.done():
                await close()
            else:
                living.closes.append(close)
                backend.simulator_ports |= {listener.port}

    # --- lifecycle of a container ---

    async def _attend(self, backend: ContainerBackend) -> None:
        """Manage the container from its start until it is removed."""
        living = self._living[backend]
        reading = self._tasks.spawn(self._read(backend, living.spec), f"output of {backend.container[:12]}")
        try:
            ended = await self._engine.ended(backend.container)
            backend.ended(ended, living.spec.size.memory_gb)
        except (EngineGone, EngineRejected) as error:
            self._lost[backend.container] = None
            backend.lost(EngineGone(str(error)))
        await living.service.close()
        for close in living.closes:
            await close()
        await asyncio.wait((reading,), timeout=_LAST_LINES_S_MAX)
        reading.cancel()
        if living.limits is not None:
            self._gone_used_s += living.limits.used_s()
        if backend.container not in self._lost:
            try:
                await self._engine.remove(backend.container)
            except (EngineGone, EngineRejected):
                self._lost[backend.container] = None
        del self._living[backend]
        backend.left.set_result(None)
        if backend.container in self._lost:
            await self._remove_container(backend.container)

    async def _is_running(self, container: str) -> bool:
        """Return whether the container's first process runs; False also if the engine does not answer."""
        try:
            return await self._engine.is_running(container)
        except (EngineGone, EngineRejected):
            return False

    async def _remove_container(self, container: str) -> None:
        """Remove what is left of the container once the engine answers, however long that takes."""
        while container in self._lost:
            with contextlib.suppress(EngineGone, EngineRejected):
                await self._engine.until_it_answers(self._settings.engine_patience_s)
                await self._engine.remove(container)
                del self._lost[container]
                return
            await asyncio.sleep(_REMOVE_S)

    async def _read(self, backend: ContainerBackend, spec: InstanceSpec) -> None:
        def splitter(stream: str) -> LineSplitter:
            return LineSplitter(
                lambda line: self._on_line(spec.service, spec.number, stream, line), self._settings.line_bytes_max
            )

        cutters = {stream: splitter(stream) for stream in ("stdout", "stderr")}
        with contextlib.suppress(EngineGone, EngineRejected):
            async for stream, data in self._engine.output(backend.container):
                cutters[stream].feed(data)
        for each in cutters.values():
            each.end()

    def _send(self, backend: ContainerBackend, signal: str) -> asyncio.Task[None]:
        return self._tasks.spawn(self._signal(backend.container, signal), f"{signal} to {backend.container[:12]}")

    async def _signal(self, container: str, signal: str) -> None:
        with contextlib.suppress(EngineGone):  # then the engine no longer has the container either
            await self._engine.signal(container, signal)
