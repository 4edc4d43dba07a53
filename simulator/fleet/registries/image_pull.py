"""A pull of an image from a registry through the engine, with its progress."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.fleet.docker.engine import Engine, EngineRejected, Image
from simulator.fleet.registries.access import log_in
from simulator.fleet.registries.registry_client import ARCHITECTURE, OS, Login, RegistryClient, ResolvedImage
from simulator.fleet.registries.registry_map import RegistryPlace
from simulator.model.images import ImageIdentifier
from simulator.model.text.quantities import bytes_text, latency_text

STORAGE_BYTES: Final = 3 * 1024**3  # of an instance, for the compressed and the unpacked image too (facts 5.2)

_PARTS: Final = 4  # lines of progress for one pull
_ID_LENGTH: Final = 12  # of a layer, in the engine's progress
_DONE: Final = frozenset({"Already exists", "Download complete", "Pull complete", "Verifying Checksum"})

Tell = Callable[[str], None]


class ImageTooLarge(Exception):
    """The image and its compressed layers do not fit into the storage of an instance."""


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image in its registry, before its pull. `name`: as the engine pulls it, by its digest."""

    name: str
    resolved: ResolvedImage
    login: Login | None

    @property
    def is_foreign(self) -> bool:
        """Return whether it is for another platform than App Runner's."""
        return self.resolved.platform != f"{OS}/{ARCHITECTURE}"


async def find_image(place: RegistryPlace, identifier: ImageIdentifier, role: str | None) -> FoundImage:
    """Return what the identifier refers to now.

    Raises:
        NoCredentialsError: if the access role is of no use.
        RegistryRejected: if the registry has no such image for us.
        ImageTooLarge: if the compressed layers alone are.
    """
    login = await log_in(place, identifier, role)
    client = RegistryClient(place, login)
    try:
        resolved = await client.resolve(place.repository(identifier), identifier.reference)
    finally:
        await client.close()
    _check_size(resolved.size_bytes, 0)
    return FoundImage(f"{place.engine_name(identifier)}@{resolved.digest}", resolved, login)


async def pull_image(engine: Engine, found: FoundImage, tell: Tell) -> Image:
    """Let the engine pull the image, and return it. `tell` receives lines about the progress.

    Raises:
        EngineGone, EngineRejected: if the engine cannot pull it.
        ImageTooLarge: if it is, unpacked.
    """
    resolved, loop = found.resolved, asyncio.get_running_loop()
    began_s, progress = loop.time(), PullProgress(resolved, tell)
    tell(f"Pulling {found.name}: {len(resolved.layers)} layers, {bytes_text(resolved.size_bytes)} compressed.")
    login = found.login
    auth = None if login is None else {"username": login.username, "password": login.password}
    platform = f"{OS}/{ARCHITECTURE}" if resolved.is_list else ""
    async for layer, status, current in engine.pull(found.name, auth, platform):
        progress.add(layer, status, current)
    image = await engine.image((found.name,))
    if image is None:
        raise EngineRejected(404, f"the engine has no image {found.name} after its pull")
    _check_size(resolved.size_bytes, image.size_bytes)
    tell(f"Pulled {bytes_text(image.size_bytes)} (unpacked) in {latency_text(loop.time() - began_s)}.")
    return image


class PullProgress:
    """Tells what part of the compressed layers the engine has, each quarter once."""

    def __init__(self, resolved: ResolvedImage, tell: Tell) -> None:
        self._sizes = {digest.partition(":")[2][:_ID_LENGTH]: size for digest, size in resolved.layers.items()}
        self._bytes = dict.fromkeys(self._sizes, 0)
        self._total = resolved.size_bytes
        self._tell = tell
        self._told = 0
        self._line = ""

    def add(self, layer: str, status: str, current: int) -> None:
        """Add an event of the engine's: a layer, what happens to it, and its bytes so far."""
        if layer not in self._sizes:
            return
        if status in _DONE:
            self._bytes[layer] = self._sizes[layer]
        elif status == "Downloading":
            self._bytes[layer] = max(self._bytes[layer], min(current, self._sizes[layer]))
        there = sum(self._bytes.values())
        part = there * _PARTS // self._total if self._total else _PARTS
        if part > self._told:
            self._told = part
            line = f"Pulled {bytes_text(there)} of {bytes_text(self._total)}."
            if line != self._line:  # not for the last few bytes
                self._line = line
                self._tell(line)


def _check_size(compressed: int, unpacked: int) -> None:
    if compressed + unpacked > STORAGE_BYTES:
        parts = f"{bytes_text(compressed)} compressed" + (f" and {bytes_text(unpacked)} unpacked" if unpacked else "")
        raise ImageTooLarge(f"the image takes {parts}, and an instance has 3 GB of storage for both")
