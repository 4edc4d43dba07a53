"""A client of the container engine with the calls that the driver needs, and two kinds of failure.

aiodocker implements the API; this module handles an engine that may be unavailable for a time during a long run.
`EngineGone`: no answer, which is temporary if the engine is being restarted. `EngineRejected`: an error response, which
is permanent.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from simulator.fleet.docker.engine_address import DEFAULT_HOST, UNIX
from simulator.world.tasks import Tasks

if TYPE_CHECKING:
    from aiodocker.containers import DockerContainer

_NO_CONNECTION: Final = 900  # the status that aiodocker reports if the engine cannot be reached
_NOT_FOUND: Final = 404
_GOING: Final = frozenset({404, 409})  # the container was removed, or is being removed
_STDOUT: Final = 1
_OF_IMAGES: Final = json.dumps({"type": ["image"]})

_LOOK_S: Final = 0.1  # interval of checks for an engine that does not answer


class EngineGone(Exception):
    """The engine does not answer."""


class EngineRejected(Exception):
    """The engine answered with an error; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Quota(Enum):
    """Which files of a container count towards the engine's storage quota."""

    NONE = "it has none"
    WRITTEN = "what the container has written"
    WHOLE = "its image too"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a container ended."""

    code: int
    out_of_memory: bool


@dataclass(frozen=True, slots=True)
class Image:
    """An image that the engine has.

    `volumes`: paths for which every container gets a volume. `ports`: TCP ports that it exposes.
    """

    name: str
    size_bytes: int
    volumes: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Running:
    """A started container: the port on 127.0.0.1 that leads to it, and the engine's PID of its first process.

    Both are 0 if it has ended already.
    """

    container: str
    port: int
    pid: int


class Engine:
    """One engine, local or not. `host`: `unix:///path` or `tcp://host:port`."""

    def __init__(self, host: str = DEFAULT_HOST) -> None:
        import aiodocker  # noqa: PLC0415 only who has an engine needs its client
        import aiohttp  # noqa: PLC0415

        self.host = host
        connector = None
        if host.startswith(UNIX):
            # Each container uses two connections, so their number must not be limited.
            connector = aiohttp.UnixConnector(host.removeprefix(UNIX), limit=0)
        session = aiohttp.ClientSession(connector=connector) if connector is not None else None
        url = host if connector is None else UNIX + "localhost"
        self._session = session
        self._docker = aiodocker.Docker(url=url, connector=connector, session=session)
        self._volumes: Any = self._docker.volumes  # parts of the library without types
        self._events: Any = self._docker.events

    async def close(self) -> None:
        await self._docker.close()
        if self._session is not None:
            await self._session.close()

    async def until_it_answers(self, patience_s: float) -> None:
        """Wait until the engine answers.

        Raises:
            EngineGone: if it does not within `patience_s`.
        """
        try:
            async with asyncio.timeout(patience_s):
                while True:
                    with contextlib.suppress(EngineGone):
                        async with failures():
                            await self._docker.version()
                            return
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError as error:
            msg = f"no container engine answers at {self.host} within {patience_s:g} s"
            raise EngineGone(msg) from error

    async def quota(self) -> Quota:
        """Return which files the storage driver can limit; with XFS this depends on mount options."""
        async with failures():
            given = await self._docker.system.info()
        backing = {str(value) for _, value in given.get("DriverStatus") or []}
        if given.get("Driver") in {"btrfs", "zfs", "devicemapper"}:
            return Quota.WHOLE
        return Quota.WRITTEN if "xfs" in backing else Quota.NONE

    async def image(self, names: tuple[str, ...]) -> Image | None:
        """Return the first of the images `names` that exists, with its id as the name."""
        for name in names:
            try:
                async with failures():
                    given = await self._docker.images.inspect(name)
                    config = given["Config"]
                    exposed = [port.removesuffix("/tcp") for port in config.get("ExposedPorts") or {}]
                    ports = tuple(sorted(int(port) for port in exposed if port.isdecimal()))
                    return Image(str(given["Id"]), int(given["Size"]), tuple(config.get("Volumes") or {}), ports)
            except EngineRejected as error:
                if error.status != _NOT_FOUND:
                    raise
        return None

    async def pull(
        self, image: str, auth: Mapping[str, str] | None, platform: str
    ) -> AsyncIterator[tuple[str, str, int]]:
        """Pull an image from its registry. Yield the progress events of layers: id, status, bytes so far.

        `auth`: username and password of the registry. `platform`: which image of a list to pull, such as linux/amd64;
        empty if there is no list.
        """
        async with failures():
            given = self._docker.images.pull(
                image, auth=None if auth is None else dict(auth), platform=platform or None, stream=True
            )
            async for event in given:
                detail = event.get("progressDetail") or {}
                yield str(event.get("id", "")), str(event.get("status", "")), int(detail.get("current") or 0)

    async def export(self, image: str) -> AsyncIterator[bytes]:
        """Export the image with its layers as a tar archive."""
        async with failures(), self._docker.images.export_image(image) as stream:
            async for data in stream.iter_any():
                yield data

    async def load(self, packed: AsyncIterator[bytes]) -> None:
        """Create the images in a tar archive that `export` returned."""
        async with failures():
            await self._docker.images.import_image(packed)

    async def remove_image(self, image: str) -> None:
        """Remove an image by name or id; one that is missing or in use is no error."""
        with contextlib.suppress(EngineRejected):
            async with failures():
                await self._docker.images.delete(image)

    async def image_events(self, tasks: Tasks) -> AsyncIterator[None]:
        """Yield once per event about images, from now on; end when the engine does not answer."""
        events = self._events.subscribe(create_task=False)
        stream = tasks.spawn(self._publish_image_events(), "events of images")
        try:
            while await events.get() is not None:
                yield
        finally:
            stream.cancel()

    async def _publish_image_events(self) -> None:
        with contextlib.suppress(EngineGone, EngineRejected):
            async with failures():
                await self._events.run(filters=_OF_IMAGES)

    async def run(self, config: Mapping[str, Any], name: str, port: int) -> Running:
        """Create and start a container, and publish its `port`. A failure leaves nothing behind."""
        async with failures():
            container = await self._docker.containers.create(dict(config), name=name)
        try:
            async with failures():
                await container.start()
                given = await container.show()
        except BaseException:
            with contextlib.suppress(EngineRejected):
                await asyncio.shield(self._removed(container))
            raise
        published = given["NetworkSettings"]["Ports"].get(f"{port}/tcp") or [{}]
        return Running(container.id, int(published[0].get("HostPort", 0)), int(given["State"]["Pid"]))

    async def ended(self, container: str) -> Ended:
        """Wait until the container has ended."""
        async with failures():
            handle = self._docker.containers.container(container)
            await handle.wait()
            state = (await handle.show())["State"]
        return Ended(int(state["ExitCode"]), bool(state.get("OOMKilled")))

    async def is_running(self, container: str) -> bool:
        """Return whether its first process runs, according to the engine. False for a container that was removed."""
        try:
            async with failures():
                given = await self._docker.containers.container(container).show()
        except EngineRejected as error:
            if error.status != _NOT_FOUND:
                raise
            return False
        return bool(given["State"]["Running"])

    async def output(self, container: str) -> AsyncIterator[tuple[str, bytes]]:
        """Yield all past and future output until the container ends: (`stdout` or `stderr`, bytes)."""
        async with failures():
            stream = self._docker.containers.container(container).attach(stdout=True, stderr=True, logs=True)
            try:
                while (message := await stream.read_out()) is not None:
                    yield "stdout" if message.stream == _STDOUT else "stderr", message.data
            finally:
                await stream.close()

    async def signal(self, container: str, name: str) -> None:
        """Send a signal such as `SIGTERM`. A container that has ended is no error."""
        with contextlib.suppress(EngineRejected):
            async with failures():
                await self._docker.containers.container(container).kill(signal=name)

    async def stored(self, container: str) -> tuple[int, list[Path]]:
        """Return the bytes that its files take, including its image, and the folders of volumes that are not counted.

        If the container was removed, the result is 0 and no folders.
        """
        try:
            async with failures():
                given = await self._docker.containers.container(container).show(size=1)
        except EngineRejected:
            return 0, []
        volumes = [Path(mount["Source"]) for mount in given.get("Mounts") or [] if mount["Type"] == "volume"]
        return int(given.get("SizeRootFs", 0)), volumes

    async def remove(self, container: str) -> None:
        """Remove the container with its volumes, running or not; a missing container is no error.

        Raises:
            EngineRejected: if it cannot be removed.
        """
        await self._removed(self._docker.containers.container(container))

    async def labelled(self, label: str) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        """Return the containers, networks and volumes that have `label`. Each mapping: id to the label's value."""
        async with failures():
            containers = await self._docker.containers.list(all=True, filters={"label": [label]})
            networks = await self._docker.networks.list(filters={"label": [label]})
            volumes = await self._volumes.list(filters={"label": [label]})
        return (
            {found.id: found["Labels"][label] for found in containers},
            {found["Id"]: found["Labels"][label] for found in networks},
            {found["Name"]: found["Labels"][label] for found in volumes["Volumes"] or []},
        )

    async def has_network(self, name: str) -> bool:
        async with failures():
            return any(found["Name"] == name for found in await self._docker.networks.list(filters={"name": [name]}))

    async def make_network(self, config: Mapping[str, Any]) -> str:
        async with failures():
            return str((await self._docker.networks.create(dict(config))).id)

    async def gateway(self, network: str) -> str:
        """Return the address of the engine's machine in a network that has IPv4 addresses."""
        async with failures():
            given = await (await self._docker.networks.get(network)).show()
        ranges = given["IPAM"]["Config"] or []
        return next((str(each["Gateway"]) for each in ranges if ":" not in each.get("Gateway", ":")), "")

    async def remove_network(self, network: str) -> None:
        """Remove a network; one that is missing or used by another container is no error."""
        with contextlib.suppress(EngineRejected):
            async with failures():
                await (await self._docker.networks.get(network)).delete()

    async def remove_volume(self, volume: str) -> None:
        """Remove a volume; one that is missing or in use is no error."""
        with contextlib.suppress(EngineRejected):
            async with failures():
                await (await self._volumes.get(volume)).delete()

    async def _removed(self, container: DockerContainer) -> None:
        try:
            async with failures():
                await container.delete(force=True, v=True)
        except EngineRejected as rejected:
            if rejected.status not in _GOING:
                raise


@contextlib.asynccontextmanager
async def failures() -> AsyncIterator[None]:
    """Map the library's exceptions to EngineGone and EngineRejected."""
    import aiodocker  # noqa: PLC0415
    import aiohttp  # noqa: PLC0415

    try:
        yield
    except aiodocker.DockerError as error:
        if error.status == _NO_CONNECTION:
            raise EngineGone(error.message) from error
        raise EngineRejected(error.status, error.message.strip()) from error
    except (aiohttp.ClientError, OSError) as error:
        raise EngineGone(f"the connection to the container engine broke: {error}") from error
