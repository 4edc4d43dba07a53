"""Builds the image of a folder's Dockerfile with the container engine, for `simulator up` without an apprunner.yaml.

App Runner builds no Dockerfiles; it runs an existing image on the port that the service configures. Here that port is
the one that the image exposes. The engine caches layers, so a build without changes is fast. BuildKit is used if the
Dockerfile needs it or the engine's own client would use it, otherwise the classic builder.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from simulator.builds.artifact import DEFAULT_PORT, BuildArtifact, BuildFailed, BuildSteps, SourceDescription
from simulator.builds.dockerfile.build_context import DOCKERFILE, fingerprint, pack
from simulator.builds.dockerfile.buildkit import needs_buildkit, remedy
from simulator.builds.settings import BuildSettings
from simulator.fleet.docker.building import BuildEngine
from simulator.fleet.docker.engine import EngineGone, EngineRejected, Image
from simulator.model.resources.phase import Phase

_REPOSITORY: Final = "apprunner-simulator-up"
# Variables that Docker accepts as build arguments without an ARG instruction.
_PROXIES: Final = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})


class DockerfileBuilder:
    """Implements `Builder` for a folder with a Dockerfile as the repository; the id of an image is the commit.

    The engine keeps one image per folder, under a tag of the folder's own, for the next run. Create and use the builder
    within a running event loop.
    """

    def __init__(self, settings: BuildSettings) -> None:
        self._settings = settings
        self._engine = BuildEngine(settings.engine)
        self._made: dict[str, None] = {}  # image ids, in build order

    async def state(self, source: SourceDescription) -> str:
        """Return a fingerprint of the folder, which changes if the result of a build may change."""
        return await asyncio.get_running_loop().run_in_executor(None, fingerprint, Path(source.repository))

    async def build(self, source: SourceDescription, steps: BuildSteps, commit: str = "") -> BuildArtifact:
        """Build the image (see `Builder.build`). The image of a given `commit` must exist in the engine."""
        folder, loop = Path(source.repository), asyncio.get_running_loop()
        began_s = loop.time()
        await steps.reach(Phase.SOURCE_PULLED)
        try:
            await self._engine.until_it_answers(self._settings.engine_patience_s)
            if not commit:
                before = await self._engine.image((tag_of(folder),))
                if before is not None:
                    self._made.setdefault(before.name)
                await steps.reach(Phase.BUILDING)
                async with asyncio.timeout(self._settings.limits.duration_s):
                    await self._build(folder, steps)
            image = await self._engine.image((commit or tag_of(folder),))
        except TimeoutError as error:
            raise BuildFailed(f"the build took more than {self._settings.limits.duration_s:g} s.") from error
        except EngineRejected as error:
            given = str(error).strip().rstrip(".")
            hint = await loop.run_in_executor(None, _remedy, folder, given)
            raise BuildFailed(f"{given}. {hint}." if hint else f"{given}.") from error
        except (EngineGone, ValueError, OSError) as error:
            raise BuildFailed(f"{str(error).strip().rstrip('.')}.") from error
        if image is None:
            raise BuildFailed(f"{commit or tag_of(folder)} = nothing, must be an image of the container engine.")
        self._made.pop(image.name, None)
        self._made[image.name] = None
        steps.log(f"[AppRunner] {_image_text(image)}")
        return BuildArtifact(
            folder, (), "", image.name, port_of(image.ports), duration_s=loop.time() - began_s, image=image.name
        )

    async def drop_others(self, wanted: BuildArtifact) -> None:
        """Remove the images that were built here, except the wanted one and the newest."""
        newest = next(reversed(self._made), "")
        for image in [image for image in self._made if image not in {wanted.image, newest}]:
            try:
                await self._engine.remove_image(image)
            except EngineGone:
                return
            del self._made[image]

    def keep(self, wanted: Sequence[BuildArtifact]) -> None:
        """Do nothing: `drop_others` removes images."""

    async def close(self) -> None:
        await self._engine.close()

    async def _build(self, folder: Path, steps: BuildSteps) -> None:
        settings = self._settings
        bounds, arguments = settings.repositories, settings.environment
        with tempfile.TemporaryFile() as packed:

            def fill() -> None:
                pack(folder, packed, file_bytes_max=bounds.file_bytes_max, bytes_max=bounds.tree_bytes_max)
                packed.seek(0)

            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, fill)
            text = await loop.run_in_executor(None, _dockerfile, folder)
            with_buildkit = needs_buildkit(text) or await self._engine.prefers_buildkit()
            proxies = {name: value for name, value in arguments.items() if name.lower() in _PROXIES}
            rest = ""
            async for text in self._engine.build(packed, tag_of(folder), proxies, with_buildkit=with_buildkit):
                *lines, rest = (rest + text).split("\n")
                for line in lines:
                    if line.strip():
                        steps.log(f"[Build] {_plain(line)}")
            if rest.strip():
                steps.log(f"[Build] {_plain(rest)}")


def tag_of(folder: Path) -> str:
    """Return the image name of the folder in the engine."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-")[:40] or "folder"
    return f"{_REPOSITORY}:{name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"


def port_of(exposed: Sequence[int]) -> int:
    """Return the port that an image exposes; of several, App Runner's default if included, else the lowest."""
    return DEFAULT_PORT if not exposed or DEFAULT_PORT in exposed else min(exposed)


def _remedy(folder: Path, message: str) -> str:
    """Return advice about a failed build. Reads files, so it blocks briefly."""
    return remedy(_dockerfile(folder), message)


def _dockerfile(folder: Path) -> str:
    try:
        return (folder / DOCKERFILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _image_text(image: Image) -> str:
    if not image.ports:
        return f"The image exposes no port: {DEFAULT_PORT} is taken (EXPOSE in the Dockerfile says another)."
    others = f", of {', '.join(map(str, image.ports))}" if len(image.ports) > 1 else ""
    return f"The image exposes port {port_of(image.ports)}{others}."


def _plain(line: str) -> str:
    """Remove the engine's colours from command output, and text that a carriage return overwrites."""
    return re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip("\r").rpartition("\r")[2]
