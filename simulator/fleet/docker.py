"""The Docker driver: an instance is a container of a local engine, with App Runner's CPU, memory and storage.

Its port is published on 127.0.0.1 only. Everything made carries labels by which a later start finds what a simulator
that was killed has left (docker_labels.py). The engine may be restarted meanwhile: the instances of that moment are
lost, and launches wait for it to be back.

An idle instance loses its CPU through its control group, which is this machine's own when the engine is. With an engine
elsewhere it keeps it, and `limits_in_force` says so.

Ephemeral storage is a quota where the engine's storage driver has one; a write that exceeds it fails. Elsewhere it is
measured, and the instance is ended (process_storage.py has the assumption behind that).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simulator.fleet.docker_backend import ContainerBackend
from simulator.fleet.docker_engine import DEFAULT_HOST, Engine, EngineGone, EngineRefused, Running, is_local
from simulator.fleet.docker_labels import labels, sweep_orphans
from simulator.fleet.driver import InstanceSpec, LaunchError
from simulator.fleet.images import ImageIdentifier, RegistryKind
from simulator.fleet.process_backend import RequestService, Throttling
from simulator.fleet.process_cgroup import PERIOD_US, NoGroupsError, group_of
from simulator.fleet.process_environment import check_variables
from simulator.fleet.process_limits import GroupLimits, NoSwitch
from simulator.fleet.process_lines import LineCutter
from simulator.fleet.process_sweep import owner_name
from simulator.world.tasks import Tasks

__all__ = ["DockerApplication", "DockerDriver", "DockerSettings"]

HOST: Final = "127.0.0.1"
DEFAULT_EGRESS: Final = "DEFAULT"
NO_EGRESS: Final = "NONE"

# service, instance number, "stdout" or "stderr", the line without its end
OnLine = Callable[[str, int, str, str], None]

_BYTES_PER_MB: Final = 1024**2
# The last lines of a dead container are on their way already; this only bounds an engine that hangs.
_LAST_LINES_S_MAX: Final = 1.0


@dataclass(frozen=True, slots=True)
class DockerApplication:
    """An image of the engine, listening on `port` of every address of its container.

    `command`: the start command; it replaces the image's CMD and leaves its ENTRYPOINT, no shell runs it (facts 18).
    `egress`: DEFAULT is the engine's bridge; NONE is a network of ours whose packets nobody forwards or answers;
    anything else is the name of a network of the engine, as EgressType VPC names a VPC connector.

    Raises:
        ValueError: when a value makes no sense, or a variable has a name that it must not have.
    """

    image: str
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = 8080
    egress: str = DEFAULT_EGRESS

    def __post_init__(self) -> None:
        ImageIdentifier(self.image)
        check_variables(self.environment)
        if not 1 <= self.port <= 65535:
            msg = f"port = {self.port}, must be 1 to 65535"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class DockerSettings:
    """`engine_patience_s`: how long a launch waits for an engine that is away. `idle_vcpu`: see ProcessSettings."""

    throttling: Throttling = Throttling.NONE
    idle_vcpu: float = 0.05
    storage_bytes: int = 3 * 1024**3  # facts 5.2: what the image takes included
    storage_interval_s: float = 5.0
    line_bytes_max: int = 16 * 1024
    host: str = DEFAULT_HOST
    engine_patience_s: float = 30.0


_DEFAULT: Final = DockerSettings()


@dataclass(slots=True, eq=False)
class _Living:
    spec: InstanceSpec
    service: RequestService
    limits: GroupLimits | None


class DockerDriver:
    """Implements `Driver` for one application. To be made and used within a running loop."""

    def __init__(
        self,
        application: DockerApplication,
        serve: Callable[[str, int], RequestService],
        on_line: OnLine,
        settings: DockerSettings = _DEFAULT,
    ) -> None:
        """`serve(host, port)` makes the request side of an instance; the composition root passes HttpService."""
        self._application = application
        self._serve = serve
        self._on_line = on_line
        self._settings = settings
        self._engine = Engine(settings.host)
        self._tasks = Tasks("docker driver")
        self._opening: asyncio.Task[None] | None = None
        self._owner = owner_name(os.getpid())
        self._living: dict[ContainerBackend, _Living] = {}
        self._network: str | None = None  # ours, for instances without a way out
        self._has_quota = False  # until the engine says otherwise
        self._launches = 0
        self._gone_used_s = 0.0
        self._closed = False

    async def launch(self, spec: InstanceSpec) -> ContainerBackend:
        """As `Driver.launch`. A launch that fails or is cancelled leaves nothing behind.

        Raises:
            LaunchError: when there is no such image or network, or the engine does not start the container.
        """
        if self._closed:
            msg = "the docker driver has been closed"
            raise LaunchError(msg)
        try:
            check_variables(spec.environment)
            await self._engine.until_it_answers(self._settings.engine_patience_s)
            await self._open()
            running = await self._run(spec)
        except (EngineGone, EngineRefused, ValueError) as error:
            msg = f"instance {spec.number} of {spec.service} could not be launched: {error}"
            raise LaunchError(msg) from error
        return self._started(spec, running)

    @property
    def limits_in_force(self) -> str:
        """Which limits instances have, for people."""
        idle = "control groups" if is_local(self._settings.host) else "cannot be throttled, the engine is elsewhere"
        storage = "quota" if self._has_quota else "measured"
        return f"CPU and memory limits: the engine's; ephemeral storage: {storage}; idle instances: {idle}"

    def cpu_used_s(self) -> float:
        """CPU seconds that instances have used so far, those that are gone too; 0 with an engine elsewhere."""
        return self._gone_used_s + sum(living.limits.used_s() for living in self._living.values() if living.limits)

    async def close(self) -> None:
        """As `Driver.close`. Kills what still runs. Idempotent; nothing is launched afterwards."""
        self._closed = True
        for backend in list(self._living):
            backend.kill()
        for backend in list(self._living):
            with contextlib.suppress(TimeoutError):  # the next start sweeps
                await backend.stop(grace_s=0)
        if self._network is not None:
            with contextlib.suppress(EngineGone):
                await self._engine.remove_network(self._network)
            self._network = None
        await self._tasks.close()
        await self._engine.close()

    # --- launching ---

    async def _open(self) -> None:
        """Once: sweep after the dead, make the network, begin to measure. Every launch waits for it."""
        if self._opening is None or (self._opening.done() and self._opening.exception() is not None):
            self._opening = self._tasks.spawn(self._prepare(), "opening")
        await asyncio.shield(self._opening)

    async def _prepare(self) -> None:
        await sweep_orphans(self._engine)
        self._has_quota = await self._engine.may_have_quotas()
        egress = self._application.egress
        if egress == NO_EGRESS:
            self._network = await self._engine.make_network(_isolated(self._owner))
        elif egress != DEFAULT_EGRESS and not await self._engine.has_network(egress):
            msg = f"egress = {egress!r}, must be {DEFAULT_EGRESS}, {NO_EGRESS} or a network of the engine"
            raise ValueError(msg)
        self._tasks.spawn(self._measure(), "storage")

    async def _run(self, spec: InstanceSpec) -> Running:
        found = await self._engine.image(ImageIdentifier(self._application.image).local_names)
        if found is None:
            raise ValueError(_missing(self._application.image))
        image, image_bytes = found
        self._launches += 1
        name = f"{self._owner}{spec.service}-{spec.number}-{self._launches}-{id(self):x}"
        quota_bytes = self._settings.storage_bytes - image_bytes if self._has_quota else 0
        try:
            return await self._engine.run(self._config(spec, image, quota_bytes), name, self._application.port)
        except EngineRefused as error:
            if not (quota_bytes and "storage-opt" in str(error).lower()):
                raise
        self._has_quota = False
        return await self._engine.run(self._config(spec, image, 0), name, self._application.port)

    def _config(self, spec: InstanceSpec, image: str, quota_bytes: int) -> dict[str, Any]:
        application, port = self._application, f"{self._application.port}/tcp"
        # PORT is the platform's own and comes last (facts 5.2).
        variables = {**application.environment, **spec.environment, "PORT": str(application.port)}
        host: dict[str, Any] = {
            "PortBindings": {port: [{"HostIp": HOST, "HostPort": ""}]},
            "CpuPeriod": PERIOD_US,
            "CpuQuota": round(spec.size.vcpu * PERIOD_US),
            "Memory": spec.size.memory_mb * _BYTES_PER_MB,
            "MemorySwap": spec.size.memory_mb * _BYTES_PER_MB,
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "1"}},
        }
        if application.egress != DEFAULT_EGRESS:
            host["NetworkMode"] = self._network or application.egress
        if quota_bytes > 0:
            host["StorageOpt"] = {"size": str(quota_bytes)}
        config: dict[str, Any] = {
            "Image": image,
            "Env": [f"{name}={value}" for name, value in variables.items()],
            "ExposedPorts": {port: {}},
            "Labels": labels(self._owner, spec),
            "HostConfig": host,
        }
        if application.command:
            config["Cmd"] = list(application.command)
        return config

    def _started(self, spec: InstanceSpec, running: Running) -> ContainerBackend:
        """From here on the container is ours to end; no await between its start and this."""
        pid = running.pid if is_local(self._settings.host) else 0
        limits = None
        if pid:
            with contextlib.suppress(NoGroupsError):  # it has ended already
                limits = GroupLimits(group_of(pid), spec.size)
        switch = limits.switch(self._settings.throttling, self._settings.idle_vcpu) if limits else NoSwitch()
        service = self._serve(HOST, running.port)
        backend = ContainerBackend(
            Running(running.container, running.port, pid), self._application.port, service, switch, self._send
        )
        self._living[backend] = _Living(spec, service, limits)
        self._tasks.spawn(self._attend(backend), f"container {spec.number} of {spec.service}")
        if self._closed:  # while it was being launched
            backend.kill()
        return backend

    # --- a container's life ---

    async def _attend(self, backend: ContainerBackend) -> None:
        """From its start until nothing of it is left."""
        living = self._living[backend]
        reading = self._tasks.spawn(self._read(backend, living.spec), f"output of {backend.container[:12]}")
        try:
            ended = await self._engine.ended(backend.container)
            backend.ended(ended, living.spec.size.memory_gb)
        except (EngineGone, EngineRefused) as error:
            backend.lost(EngineGone(str(error)))
        await living.service.close()
        await asyncio.wait((reading,), timeout=_LAST_LINES_S_MAX)
        reading.cancel()
        if living.limits is not None:
            self._gone_used_s += living.limits.used_s()
        with contextlib.suppress(EngineGone, EngineRefused):  # the next start sweeps
            await self._engine.until_it_answers(self._settings.engine_patience_s)
            await self._engine.remove(backend.container)
        del self._living[backend]
        backend.left.set_result(None)

    async def _read(self, backend: ContainerBackend, spec: InstanceSpec) -> None:
        def cutter(stream: str) -> LineCutter:
            return LineCutter(
                lambda line: self._on_line(spec.service, spec.number, stream, line), self._settings.line_bytes_max
            )

        cutters = {stream: cutter(stream) for stream in ("stdout", "stderr")}
        with contextlib.suppress(EngineGone, EngineRefused):
            async for stream, data in self._engine.output(backend.container):
                cutters[stream].feed(data)
        for each in cutters.values():
            each.end()

    def _send(self, backend: ContainerBackend, signal: str) -> asyncio.Task[None]:
        return self._tasks.spawn(self._signal(backend.container, signal), f"{signal} to {backend.container[:12]}")

    async def _signal(self, container: str, signal: str) -> None:
        with contextlib.suppress(EngineGone):  # then it has lost the container as well
            await self._engine.signal(container, signal)

    async def _measure(self) -> None:
        """For ever, while there is no quota: end those whose files take too much."""
        limit = self._settings.storage_bytes
        while True:
            await asyncio.sleep(self._settings.storage_interval_s)
            for backend in [] if self._has_quota else list(self._living):
                with contextlib.suppress(EngineGone, EngineRefused):
                    used = await self._engine.stored_bytes(backend.container)
                    if used > limit:
                        backend.end(
                            f"ephemeral storage is full: {used / _BYTES_PER_MB:.0f} MB used, the image included, "
                            f"{limit / _BYTES_PER_MB:.0f} MB allowed"
                        )


def _isolated(owner: str) -> dict[str, Any]:
    """A bridge without a way out: nothing translates its addresses, so no answer finds back, and containers on it do
    not reach each other. Not `Internal`: that would unpublish the ports as well.
    """
    return {
        "Name": f"{owner}isolated",
        "Driver": "bridge",
        "Labels": labels(owner),
        "Options": {
            "com.docker.network.bridge.enable_ip_masquerade": "false",
            "com.docker.network.bridge.enable_icc": "false",
        },
    }


def _missing(image: str) -> str:
    """App Runner's line for a pull that fails (facts 7), with the reason that holds here."""
    identifier = ImageIdentifier(image)
    names = " or ".join(identifier.local_names)
    looked = "" if identifier.registry is RegistryKind.LOCAL else " (no registry is asked)"
    return f"Failed to pull your application image. Reason: the engine has no image {names}{looked}"
