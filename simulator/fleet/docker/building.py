"""Engine calls for builds: containers that are started repeatedly, file transfer, and creation of images.

A container keeps its files between two starts but not its processes, like an image between two RUN instructions.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from typing import IO, Any, Final

import aiohttp
from aiodocker.stream import Stream

from simulator.fleet.docker.buildkit_progress import TRACE, BuildkitProgress
from simulator.fleet.docker.engine import Engine, EngineRejected, failures

_CHUNK_BYTES: Final = 256 * 1024
_NOT_FOUND: Final = 404
_FAILED: Final = 500  # status of a failure that the engine reports after the head of its answer
_UNBOUNDED: Final = aiohttp.ClientTimeout()  # copying gigabytes takes long; callers set their own limits


class Attached:
    """The standard input and output of a container."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def write(self, text: str) -> None:
        """Write to standard input. The container must be running, and have been created with standard input open."""
        async with failures():
            await self._stream.write_in(text.encode())

    async def output(self) -> AsyncIterator[tuple[str, bytes]]:
        """Yield (`stdout` or `stderr`, bytes) until the container ends."""
        while (message := await self._stream.read_out()) is not None:
            yield "stdout" if message.stream == 1 else "stderr", message.data


class BuildEngine(Engine):
    """An `Engine` with the calls of builds. `container` is a name or an id; `image` is a name, a tag or an id.

    Its methods raise EngineGone and EngineRejected.
    """

    async def create(self, config: Mapping[str, Any], name: str) -> None:
        async with failures():
            await self._docker.containers.create(dict(config), name=name)

    async def start(self, container: str) -> int:
        """Start the container. Return its first process's PID on the engine's machine; 0 if it has ended already."""
        async with failures():
            handle = self._docker.containers.container(container)
            await handle.start()
            return int((await handle.show())["State"]["Pid"])

    @contextlib.asynccontextmanager
    async def attached(self, container: str) -> AsyncIterator[Attached]:
        """Attach to the container. Enter the context before starting it: input written before attaching is lost."""
        async with failures():
            stream = self._docker.containers.container(container).attach(stdin=True, stdout=True, stderr=True)
            async with stream:
                yield Attached(stream)

    async def logged(self, container: str) -> str:
        """Return the output of a container that has ended."""
        async with failures():
            return "".join(await self._docker.containers.container(container).log(stdout=True, stderr=True))

    async def put(self, container: str, folder: str, packed: bytes | AsyncIterable[bytes]) -> None:
        """Unpack a tar archive in `folder` of the container, which need not run."""
        async with failures():
            handle: Any = self._docker.containers.container(container)  # the library's method has no types
            await handle.put_archive(folder, packed)

    async def carry(self, container: str, path: str, to: str, folder: str) -> None:
        """Copy `path` of `container` into `folder` of the container `to`, with owners and modes."""
        async with (
            failures(),
            # The library's own method holds the whole archive in memory.
            self._docker._query(  # noqa: SLF001
                f"containers/{container}/archive", params={"path": path}, timeout=_UNBOUNDED
            ) as response,
        ):
            await self.put(to, folder, response.content.iter_chunked(_CHUNK_BYTES))

    async def written_bytes(self, container: str) -> int:
        """Return the bytes that the container has written on top of its image; 0 if it was removed."""
        try:
            async with failures():
                given = await self._docker.containers.container(container).show(size=1)
        except EngineRejected:
            return 0
        return int(given.get("SizeRw") or 0)

    async def processes(self, container: str) -> int:
        """Return the number of its processes and threads now; 0 if it is not running. The call takes about a second."""
        async with failures():
            given = await self._docker.containers.container(container).stats(stream=False)
        return int((given[0].get("pids_stats") or {}).get("current", 0)) if given else 0

    async def commit(self, container: str, image: str, config: Mapping[str, Any]) -> None:
        """Create `image`, a name with a tag, from the container.

        `config` replaces values of the container's configuration.
        """
        repository, _, tag = image.rpartition(":")
        async with failures():
            await self._docker.containers.container(container).commit(
                repository=repository, tag=tag, config=dict(config)
            )

    async def prefers_buildkit(self) -> bool:
        """Return True if the engine's own client builds with BuildKit by default. Older engines may support it, too."""
        async with failures(), self._docker._query("_ping", versioned_api=False) as response:  # noqa: SLF001
            return response.headers.get("Builder-Version") == "2"

    async def has_buildkit(self) -> bool:
        """Return True if the engine can build with BuildKit: every engine of Docker for Linux since 18.09."""
        if await self.prefers_buildkit():
            return True
        async with failures():
            given = await self._docker.version()
        is_docker = any(each.get("Name") == "Engine" for each in given.get("Components") or [])
        version = re.match(r"(\d+)\.(\d+)", str(given.get("Version", "")))
        return bool(
            is_docker and given.get("Os") == "linux" and version and tuple(map(int, version.groups())) >= (18, 9)
        )

    async def build(
        self, packed: IO[bytes], image: str, arguments: Mapping[str, str], *, with_buildkit: bool = False
    ) -> AsyncIterator[str]:
        """Build `image` from the Dockerfile of a build context. Yield pieces of the output.

        Closing the iterator stops the build. BuildKit gets the context in the request, without a client's session, so
        it has everything but mounts of the client's secrets and SSH agent. An engine without BuildKit rejects its
        syntax as the classic builder does.
        """
        parameters = {"t": image, "buildargs": json.dumps(dict(arguments)), "forcerm": "true", "rm": "true"}
        if with_buildkit:
            parameters["version"] = "2"
        async with (
            failures(),
            # the library has no parameter for the builder, and limits the length of lines
            self._docker._query(  # noqa: SLF001
                "build",
                "POST",
                params=parameters,
                headers={"Content-Type": "application/x-tar"},
                data=packed,
                timeout=_UNBOUNDED,
            ) as response,
        ):
            progress, rest = BuildkitProgress(), b""
            async for data in response.content.iter_any():
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    if line.strip():
                        for text in _output_of(json.loads(line), progress):
                            yield text
            for text in progress.rest():
                yield f"{text}\n"

    async def image_labels(self, image: str) -> Mapping[str, str] | None:
        """Return the labels of an image; None if the engine does not have it."""
        try:
            async with failures():
                given = await self._docker.images.inspect(image)
        except EngineRejected as error:
            if error.status != _NOT_FOUND:
                raise
            return None
        return given["Config"].get("Labels") or {}

    async def image_environment(self, image: str) -> Mapping[str, str]:
        """Return the variables that an image sets."""
        async with failures():
            given = await self._docker.images.inspect(image)
        pairs = (text.partition("=") for text in given["Config"].get("Env") or [])
        return {name: value for name, _, value in pairs}

    async def volume_folder(self, volume: str) -> str | None:
        """Return the folder of a volume on the engine's machine; None if there is no such volume."""
        try:
            async with failures():
                given = await (await self._volumes.get(volume)).show()
        except EngineRejected as error:
            if error.status != _NOT_FOUND:
                raise
            return None
        return str(given["Mountpoint"])

    async def labelled_images(self, label: str, value: str) -> list[str]:
        """Return the names, with tags, of the images whose `label` has that value."""
        async with failures():
            found = await self._docker.images.list(filters={"label": [f"{label}={value}"]})
        return [name for each in found for name in each.get("RepoTags") or []]


def _output_of(event: Mapping[str, Any], progress: BuildkitProgress) -> Iterator[str]:
    """Yield the output that a line of a build's stream contains. Raises EngineRejected if it reports a failure."""
    if "error" in event or "errorDetail" in event:
        detail = event.get("errorDetail") or {}
        raise EngineRejected(_FAILED, str(detail.get("message") or event.get("error")))
    if event.get("id") == TRACE:
        for text in progress.lines(str(event.get("aux", ""))):
            yield f"{text}\n"
    elif "stream" in event:
        yield str(event["stream"])
    elif "status" in event:
        yield f"{event['status']}\n"
