"""Makes the images of managed runtimes with the container engine, and finds existing ones.

An image gets its name only after it has been examined, so a build that fails or is cancelled keeps the earlier image.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import tarfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from simulator.builds.runtime_images.contents import Contents, examination
from simulator.builds.runtime_images.names import BASE, VERSION, Role, image_name
from simulator.builds.runtime_images.recipe import (
    Recipe,
    RecipeError,
    RecipeOptions,
    check_made,
    labels_of,
    recipe_of,
)
from simulator.builds.runtimes import Runtime
from simulator.fleet.docker.building import BuildEngine
from simulator.fleet.docker.engine import EngineGone, EngineRejected
from simulator.fleet.docker.labels import labels, sweep_orphans
from simulator.fleet.process.confinement.sweep import owner_name
from simulator.model.images import ImageIdentifier

# What BuildKit and the classic builder report if a command of a step fails: its output says why.
_STEP_FAILED: Final = re.compile(r"executor failed running|did not complete successfully|returned a non-zero code")
_EXAMINATION_S_MAX: Final = 60.0  # seconds; a Java virtual machine on a busy computer needs some


class RuntimeImage(NamedTuple):
    """An existing image of a runtime. `base`: the name of the image that it was made from."""

    name: str
    version: str
    base: str


class RuntimeImageBuilder:
    """Makes images with one engine. Create and use it within a running event loop, and close it afterwards.

    `environment`: variables of the build, of which those for proxies are used.
    """

    def __init__(self, host: str, prefix: str, environment: Mapping[str, str], patience_s: float = 5.0) -> None:
        self._engine = BuildEngine(host)
        self._prefix = prefix
        self._environment = environment
        self._patience_s = patience_s
        self._owner = owner_name(os.getpid())
        self._containers = 0

    async def open(self) -> None:
        """Wait for the engine. Raises EngineGone if it does not answer."""
        await self._engine.until_it_answers(self._patience_s)
        await sweep_orphans(self._engine)

    async def close(self) -> None:
        await self._engine.close()

    async def images(self, runtime: Runtime) -> Mapping[Role, RuntimeImage | None]:
        """Return the existing images of a runtime. Raises EngineGone and EngineRejected."""
        return {role: await self._image(image_name(self._prefix, runtime, role)) for role in Role}

    async def recipe(self, runtime: Runtime, role: Role, base: str, options: RecipeOptions) -> Recipe:
        """Return the recipe of an image. Raises RecipeError, EngineGone and EngineRejected."""
        name = await self._local(base)
        contents = await self._contents(runtime, role, name)
        return recipe_of(runtime, role, name, contents, options)

    async def make(
        self, runtime: Runtime, role: Role, base: str, options: RecipeOptions, log: Callable[[str], None]
    ) -> RuntimeImage:
        """Make an image. `log` receives the engine's output and notes. Raises like `recipe`."""
        name = await self._local(base)
        recipe = await self.recipe(runtime, role, name, options)
        for note in recipe.notes:
            log(note)
        image = image_name(self._prefix, runtime, role)
        unchecked = f"{image.removesuffix(':latest')}:unchecked-{os.getpid()}"
        before = await self._engine.image((image,))
        try:
            last = await self._build(recipe, unchecked, log, with_buildkit=options.with_buildkit)
            if last is not None:
                msg = f"{name} could not be made into an image of the runtime: {last}"
                raise RecipeError(msg)
            made = await self._contents(runtime, role, unchecked)
            for note in check_made(runtime, role, name, made, options):
                if note not in recipe.notes:
                    log(note)
            labelled = Recipe(f"FROM {unchecked}\n{labels_of(runtime, name, made)}\n")
            await self._build(labelled, image, lambda _line: None, with_buildkit=False)
        finally:
            await asyncio.shield(self._engine.remove_image(unchecked))
        after = await self._engine.image((image,))
        if before is not None and after is not None and before.name != after.name:
            await self._engine.remove_image(before.name)
        return RuntimeImage(image, made.version(runtime), name)

    async def has_buildkit(self) -> bool:
        """Return True if the engine can build with BuildKit. Raises EngineGone and EngineRejected."""
        return await self._engine.has_buildkit()

    # --- internals ---

    async def _image(self, name: str) -> RuntimeImage | None:
        given = await self._engine.image_labels(name)
        return None if given is None else RuntimeImage(name, given.get(VERSION, ""), given.get(BASE, ""))

    async def _local(self, base: str) -> str:
        """Return the name of the base in the engine, after pulling it if necessary."""
        for name in ImageIdentifier(base).local_names:
            if await self._engine.image((name,)) is not None:
                return name
        try:
            async for _ in self._engine.pull(base, None, ""):
                pass
        except EngineRejected as error:
            msg = f"{base} is not in the container engine at {self._engine.host}, and it cannot pull it: {error}"
            raise RecipeError(msg.rstrip(".")) from error
        return base

    async def _build(
        self, recipe: Recipe, image: str, log: Callable[[str], None], *, with_buildkit: bool
    ) -> str | None:
        """Build an image. Return None, or the last line of a step that failed."""
        proxies = {name: value for name, value in self._environment.items() if name.lower().endswith("_proxy")}
        rest, last = "", ""
        try:
            async for text in self._engine.build(context_of(recipe), image, proxies, with_buildkit=with_buildkit):
                *lines, rest = (rest + text).split("\n")
                for line in filter(str.strip, lines):
                    last = line.strip()
                    log(line.rstrip())
        except EngineRejected as error:
            if not _STEP_FAILED.search(str(error)):
                raise
            return rest.strip() or last
        return None

    async def _contents(self, runtime: Runtime, role: Role, image: str) -> Contents:
        """Examine an image in a container without a network."""
        async with self._container(image, examination(runtime, role)) as container:
            try:
                async with asyncio.timeout(_EXAMINATION_S_MAX):
                    await self._engine.start(container)
                    await self._engine.ended(container)
                    return Contents.of_output(runtime, await self._engine.logged(container))
            except TimeoutError as error:
                msg = f"{image} did not answer within {_EXAMINATION_S_MAX:g} s what it contains"
                raise RecipeError(msg) from error
            except EngineRejected as error:
                msg = f"{image} has no /bin/sh, which runs the commands: name a base that has it"
                raise (RecipeError(msg) if "/bin/sh" in str(error) else error) from error

    @asynccontextmanager
    async def _container(self, image: str, script: str) -> AsyncIterator[str]:
        self._containers += 1
        name = f"{self._owner}examines-{self._containers}"
        config = {
            "Image": image,
            "User": "0:0",
            "Entrypoint": ["/bin/sh", "-c", script],
            "Cmd": [],
            "NetworkDisabled": True,
            "Labels": labels(self._owner),
            "HostConfig": {"CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges"], "PidsLimit": 256},
        }
        try:
            await self._engine.create(config, name)
            yield name
        finally:
            await asyncio.shield(self._removed(name))

    async def _removed(self, container: str) -> None:
        try:
            await self._engine.remove(container)
        except (EngineGone, EngineRejected):
            return  # the next start removes it


def context_of(recipe: Recipe) -> io.BytesIO:
    """Return the build context of a recipe as a tar archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in {"Dockerfile": recipe.dockerfile, **recipe.files}.items():
            entry, data = tarfile.TarInfo(name), content.encode()
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    packed.seek(0)
    return packed
