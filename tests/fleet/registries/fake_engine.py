"""An engine for tests that pulls: it records pulls, reports their events, and then has the image."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from simulator.fleet.docker.engine import Engine, EngineRejected, Image


@dataclass
class FakeEngine:
    """`events`: those of a pull. `size_bytes`: of the unpacked image. `images`: images that it has, by name.

    `in_use`: images that it does not remove. `packed`: what it exports, by id. `loaded`: what was loaded.
    """

    size_bytes: int = 1000
    events: tuple[tuple[str, str, int], ...] = ()
    rejection: str = ""
    images: dict[str, Image] = field(default_factory=dict)
    pulled: list[tuple[str, Mapping[str, str] | None, str]] = field(default_factory=list)

    packed: dict[str, bytes] = field(default_factory=dict)
    loaded: list[bytes] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    in_use: set[str] = field(default_factory=set)

    async def until_it_answers(self, patience_s: float) -> None: ...

    async def close(self) -> None: ...

    async def image(self, names: tuple[str, ...]) -> Image | None:
        return next((self.images[name] for name in names if name in self.images), None)

    async def pull(
        self, image: str, auth: Mapping[str, str] | None = None, platform: str = ""
    ) -> AsyncIterator[tuple[str, str, int]]:
        if self.rejection:
            raise EngineRejected(500, self.rejection)
        self.pulled.append((image, auth, platform))
        for event in self.events:
            yield event
        self.images[image] = Image(f"sha256:{len(self.pulled)}", self.size_bytes)

    async def export(self, image: str) -> AsyncIterator[bytes]:
        yield self.packed.get(image, b"packed")[:1000]
        yield self.packed.get(image, b"packed")[1000:]

    async def load(self, packed: AsyncIterator[bytes]) -> None:
        self.loaded.append(b"".join([data async for data in packed]))
        name = next((name for name, data in self.packed.items() if data == self.loaded[-1]), "sha256:1")
        self.images[name] = Image(name, self.size_bytes)

    async def remove_image(self, image: str) -> None:
        self.removed.append(image)
        if image not in self.in_use:
            self.images.pop(image, None)

    def as_engine(self) -> Engine:
        return cast("Engine", self)
