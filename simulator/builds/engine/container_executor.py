"""Runs the commands of a build in containers: a stage is one container of its image, restarted for every command.

So a command finds all files of earlier commands, and none of their processes. The engine enforces the limits for CPU,
memory, processes and file length; this module enforces those for disk space and time.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shlex
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from inspect import getsource
from pathlib import Path, PurePosixPath
from typing import Any, Final

from simulator.builds.artifact import BuildFailed
from simulator.builds.engine import keep_wheels
from simulator.builds.engine.certificates import with_certificates
from simulator.builds.engine.downloads import Downloads
from simulator.builds.phases import StageName
from simulator.builds.resource_limits import (
    BYTES_PER_MB,
    BuildLimits,
    CommandStopped,
    stopped_for_length,
    too_many_processes,
)
from simulator.fleet.docker.building import BuildEngine
from simulator.fleet.docker.engine import Ended, EngineGone, EngineRejected
from simulator.fleet.docker.engine_address import is_local
from simulator.fleet.docker.labels import labels
from simulator.fleet.process.confinement.cgroup import PERIOD_US, Group, NoGroupsError
from simulator.fleet.process.confinement.group_search import group_of
from simulator.fleet.process.confinement.line_splitter import LineSplitter
from simulator.fleet.process.confinement.storage import used_bytes
from simulator.world.child_processes import ended_with
from simulator.world.tasks import Tasks, first_of

_LINE_BYTES_MAX: Final = 16 * 1024
_LAST_LINES_S_MAX: Final = 5.0
_MEASURE_S: Final = 0.5
_VOLUMES_S: Final = 5.0  # seconds between measurements of the kept downloads, each of which reads whole folders
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Capabilities of root in a build. None of them allows access outside the container.
_CAPABILITIES: Final = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETGID", "SETUID", "SETPCAP", "SETFCAP", "KILL")


class ContainerExecutor:
    """Implements `PhaseExecutor`.

    `images`: those of the stages. `name`: prefix of the containers' names. `environment`: for every command. Always
    call `close`, which removes the containers.

    `downloads`: the kept downloads of the stages, whose volumes get the label `identity`. `offline`: commands use only
    these. `has_network`: False gives containers no network.
    """

    def __init__(
        self,
        engine: BuildEngine,
        images: Mapping[StageName, str],
        name: str,
        owner: str,
        work_directory: str,
        limits: BuildLimits,
        environment: Mapping[str, str],
        downloads: Mapping[StageName, Downloads],
        identity: str,
        *,
        offline: bool = False,
        has_network: bool = True,
    ) -> None:
        self._downloads = downloads
        self._identity = identity
        self._offline = offline
        self._has_network = has_network
        self._kept_before = 0  # bytes of the volumes when the build began
        self._kept_now = 0
        self._engine = engine
        self._images = images
        self._name = name
        self._owner = owner
        self._work_directory = work_directory
        self._limits = limits
        self._environment, self._certificates = with_certificates(environment, engine.host)
        self._made: dict[StageName, int] = {}  # bytes written, as last measured
        self._tasks = Tasks("containers of a build")
        self._deadline_s = asyncio.get_running_loop().time() + limits.duration_s

    def container(self, stage: StageName) -> str:
        return f"{self._name}-{stage}"

    async def begin(self, app: Path) -> None:
        """Start the stage MADE with a copy of the folder `app`, which must have that name, as its /app."""
        with _engine_errors():
            await self._make(StageName.MADE)
            self._kept_before = self._kept_now = await self._kept_bytes(StageName.MADE)
            await self._engine.put(self.container(StageName.MADE), "/", _packed(app))

    async def take_over(self) -> None:
        with _engine_errors():
            await self._make(StageName.RUNS)
            await self._engine.carry(self.container(StageName.MADE), "/app", self.container(StageName.RUNS), "/")

    async def run(
        self, stage: StageName, command: str, variables: Mapping[str, str], on_line: Callable[[str], None]
    ) -> int:
        with _engine_errors():
            kept = self._downloads[stage]
            offline = kept.offline if self._offline else {}
            return await self._run(
                stage, script(command, {**self._environment, **kept.variables, **variables, **offline}), on_line
            )

    async def keep_wheels(self, commands: Sequence[str]) -> None:
        """Make the downloads of pip usable without a network (keep_wheels.py), if an image of the build has Python.

        `commands`: those of the build.
        """
        for stage in self._made:
            wheels = self._downloads[stage].wheels
            command = shlex.join(("python3", "-I", "-c", getsource(keep_wheels), *wheels, *commands))
            if wheels and await self.run(stage, command, {}, lambda _line: None) == 0:
                return

    async def commit(self, image: str, config: Mapping[str, Any]) -> None:
        """Commit the current state of the stage RUNS as `image`, with the kept downloads that belong to the image."""
        stage = StageName.RUNS
        with _engine_errors():
            await self._engine.commit(self.container(stage), image, config)
            in_place = self._downloads[stage].in_place
            if in_place:
                # Only in a container without the mounts can the files be in their places.
                whole = f"{self.container(stage)}-whole"
                try:
                    await self._engine.create({"Image": image, "Labels": labels(self._owner)}, whole)
                    for path in in_place:
                        await self._engine.carry(self.container(stage), path, whole, str(PurePosixPath(path).parent))
                    await self._engine.commit(whole, image, config)
                finally:
                    await asyncio.shield(self._engine.remove(whole))

    async def close(self) -> None:
        await self._tasks.close()
        for stage in self._made:
            with contextlib.suppress(EngineGone, EngineRejected):  # the next start removes it
                await self._engine.remove(self.container(stage))

    # --- internals ---

    async def _make(self, stage: StageName) -> None:
        limits, name = self._limits, self.container(stage)
        config = {
            "Image": self._images[stage],
            "User": "0:0",  # facts 5.2: managed runtimes run as root
            "Entrypoint": ["/bin/sh", "-s"],
            "Cmd": [],
            "OpenStdin": True,
            "StdinOnce": True,
            "WorkingDir": self._work_directory,
            "Labels": labels(self._owner),
            "HostConfig": {
                "CpuPeriod": PERIOD_US,
                "CpuQuota": round(limits.vcpu * PERIOD_US),
                "Memory": limits.memory_mb * BYTES_PER_MB,
                "MemorySwap": limits.memory_mb * BYTES_PER_MB,
                "PidsLimit": limits.processes,
                "Ulimits": [
                    {"Name": "fsize", "Soft": limits.file_bytes, "Hard": limits.file_bytes},
                    {"Name": "core", "Soft": 0, "Hard": 0},
                ],
                "CapDrop": ["ALL"],
                "CapAdd": list(_CAPABILITIES),
                "SecurityOpt": ["no-new-privileges"],
                "Init": False,
                "LogConfig": {"Type": "none", "Config": {}},
                "Mounts": [*self._downloads[stage].mounts(self._identity), *self._certificates],
                **({} if self._has_network else {"NetworkMode": "none"}),
            },
        }
        self._made[stage] = 0
        # The engine may still complete a cancelled creation, so wait for it before the container is removed.
        making = self._tasks.spawn(self._engine.create(config, name), f"making {stage}")
        try:
            await asyncio.shield(making)
        finally:
            if not making.done():
                await asyncio.wait((making,))

    async def _run(self, stage: StageName, text: str, on_line: Callable[[str], None]) -> int:
        engine, container = self._engine, self.container(stage)
        async with engine.attached(container) as attached, Tasks("build command") as tasks:
            group = self._group(await engine.start(container))
            reading = tasks.spawn(_tell(attached.output(), on_line), "output")
            await attached.write(text)
            ending = tasks.spawn(engine.ended(container), "end")
            full = tasks.spawn(self._until_full(stage, group), "bounds")
            try:
                async with asyncio.timeout_at(self._deadline_s):
                    if await first_of(ending, full) == 1:
                        raise CommandStopped(full.result())
            except TimeoutError as error:
                raise CommandStopped(f"the build took more than {self._limits.duration_s:g} s") from error
            ended: Ended = ending.result()
            await asyncio.wait((reading,), timeout=_LAST_LINES_S_MAX)
        if ended.out_of_memory:
            raise CommandStopped(f"the build took more than {self._limits.memory_mb} MB of memory")
        stopped_for_length(ended.code, self._limits)
        return ended.code

    async def _until_full(self, stage: StageName, group: Group | None) -> str:
        """Wait until a limit is exceeded, and describe it."""
        loop, limits = asyncio.get_running_loop(), self._limits
        next_volumes_s = loop.time() + _VOLUMES_S
        while True:
            began_s = loop.time()
            with contextlib.suppress(EngineGone, EngineRejected, OSError):
                self._made[stage] = await self._engine.written_bytes(self.container(stage))
                if loop.time() >= next_volumes_s:
                    self._kept_now = await self._kept_bytes(stage)
                    next_volumes_s = loop.time() + max(_VOLUMES_S, 10 * (loop.time() - began_s))
                if sum(self._made.values()) + self._kept_now - self._kept_before > limits.disk_bytes:
                    return f"the build took more than {limits.disk_bytes // BYTES_PER_MB} MB of disk"
                if await self._has_too_many(stage, group):
                    return too_many_processes(limits)
            await asyncio.sleep(max(_MEASURE_S, loop.time() - began_s))

    async def _kept_bytes(self, stage: StageName) -> int:
        """Return the size of the kept downloads; 0 if the engine is not on this machine."""
        if not self._downloads[stage].volumes or not is_local(self._engine.host):
            return 0
        loop, used = asyncio.get_running_loop(), 0
        for volume in self._downloads[stage].volumes.values():
            folder = await self._engine.volume_folder(volume)
            if folder is not None:
                used += await loop.run_in_executor(None, used_bytes, Path(folder))
        return used

    async def _has_too_many(self, stage: StageName, group: Group | None) -> bool:
        if group is not None:
            return group.rejected_processes() > 0
        return await self._engine.processes(self.container(stage)) >= self._limits.processes

    def _group(self, pid: int) -> Group | None:
        """Return the group of the container's processes; None if they are on another machine or have ended."""
        if pid and is_local(self._engine.host):
            with contextlib.suppress(NoGroupsError):
                return group_of(pid)
        return None


def script(command: str, variables: Mapping[str, str]) -> str:
    """Return a shell script that runs the command with its variables, which are not written to any file of the stage.

    The command runs as a child process, because the first process of a container ignores signals that would end others.
    """
    plain = {name: value for name, value in variables.items() if _IDENTIFIER.fullmatch(name)}
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in plain.items())
    others = [shlex.quote(f"{name}={value}") for name, value in variables.items() if name not in plain]
    through = " ".join(["env", *others, ""]) if others else ""
    return f"{exports}{through}/bin/sh -c {shlex.quote(command)} </dev/null\nexit $?\n"


async def _tell(output: AsyncIterator[tuple[str, bytes]], on_line: Callable[[str], None]) -> None:
    cutters = {stream: LineSplitter(on_line, _LINE_BYTES_MAX) for stream in ("stdout", "stderr")}
    with contextlib.suppress(EngineGone, EngineRejected):
        async for stream, data in output:
            cutters[stream].feed(data)
    for each in cutters.values():
        each.end()


async def _packed(folder: Path) -> AsyncIterator[bytes]:
    """Yield one folder as a tar archive in which root owns the files. Raises BuildFailed."""
    command: Sequence[str] = ("--owner=0", "--group=0", "--numeric-owner", "--directory", str(folder.parent))
    process = await asyncio.create_subprocess_exec(
        *("tar", "--create", "--file=-", *command, folder.name),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    async with ended_with(process):
        while chunk := await process.stdout.read(256 * 1024):
            yield chunk
        errors = await process.stderr.read()
        if await process.wait() != 0:
            raise BuildFailed(f"/app could not be packed: {errors.decode(errors='replace').strip()[:300]}.")


@contextlib.contextmanager
def _engine_errors() -> Iterator[None]:
    """Convert the engine's failures to BuildFailed."""
    try:
        yield
    except (EngineGone, EngineRejected) as error:
        missing = "/bin/sh" in str(error) and "no such file" in str(error)
        why = "its image must have /bin/sh, which runs the commands" if missing else str(error)
        raise BuildFailed(f"The container engine could not build: {why}.") from error
