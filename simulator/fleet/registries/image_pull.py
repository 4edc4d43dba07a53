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

# storage of an instance, for the compressed and the unpacked image together (facts 5.2)
STORAGE_BYTES: Final = 3 * 1024**3

_PARTS: Final = 4  # progress lines of one pull
_ID_LENGTH: Final = 12  # length of a layer id in the engine's progress events
_DONE: Final = frozenset({"Already exists", "Download complete", "Pull complete", "Verifying Checksum"})

LogLine = Callable[[str], None]


class ImageTooLarge(Exception):
    """The compressed layers and the unpacked image together exceed the storage of an instance."""


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image in its registry, before it is pulled. `name`: repository and digest, as the engine pulls it."""

    name: str
    resolved: ResolvedImage
    login: Login | None

    @property
    def is_foreign(self) -> bool:
        """Return True if it is for a platform other than App Runner's."""
        return self.resolved.platform != f"{OS}/{ARCHITECTURE}"


async def find_image(place: RegistryPlace, identifier: ImageIdentifier, role: str | None) -> FoundImage:
    """Return the image to which the identifier refers now.

    Raises:
        NoCredentialsError: if the access role cannot be used.
        RegistryRejected: if the registry has no such image or denies access.
        ImageTooLarge: if the compressed layers alone exceed the storage.
    """
    login = await log_in(place, identifier, role)
    client = RegistryClient(place, login)
    try:
        resolved = await client.resolve(place.repository(identifier), identifier.reference)
    finally:
        await client.close()
    _check_size(resolved.size_bytes, 0)
    return FoundImage(f"{place.engine_name(identifier)}@{resolved.digest}", resolved, login)


async def pull_image(engine: Engine, found: FoundImage, log: LogLine) -> Image:
    """Pull the image through the engine and return it. `log` receives progress lines.

    Raises:
        EngineGone, EngineRejected: if the engine cannot pull it.
        ImageTooLarge: if the unpacked image exceeds the storage.
    """
    resolved, loop = found.resolved, asyncio.get_running_loop()
    began_s, progress = loop.time(), PullProgress(resolved, log)
    log(f"Pulling {found.name}: {len(resolved.layers)} layers, {bytes_text(resolved.size_bytes)} compressed.")
    login = found.login
    auth = None if login is None else {"username": login.username, "password": login.password}
    platform = f"{OS}/{ARCHITECTURE}" if resolved.is_list else ""
    async for layer, status, current in engine.pull(found.name, auth, platform):
        progress.add(layer, status, current)
    image = await engine.image((found.name,))
    if image is None:
        raise EngineRejected(404, f"the engine has no image {found.name} after its pull")
    _check_size(resolved.size_bytes, image.size_bytes)
    log(f"Pulled {bytes_text(image.size_bytes)} (unpacked) in {latency_text(loop.time() - began_s)}.")
    return image


class PullProgress:
    """Logs the share of the compressed layers that has been pulled, once per quarter."""

    def __init__(self, resolved: ResolvedImage, log: LogLine) -> None:
        self._sizes = {digest.partition(":")[2][:_ID_LENGTH]: size for digest, size in resolved.layers.items()}
        self._bytes = dict.fromkeys(self._sizes, 0)
        self._total = resolved.size_bytes
        self._log = log
        self._logged = 0
        self._line = ""

    def add(self, layer: str, status: str, current: int) -> None:
        """Process an event of the engine: a layer, its status, and the bytes pulled so far."""
        if layer not in self._sizes:
            return
        if status in _DONE:
            self._bytes[layer] = self._sizes[layer]
        elif status == "Downloading":
            self._bytes[layer] = max(self._bytes[layer], min(current, self._sizes[layer]))
        pulled = sum(self._bytes.values())
        part = pulled * _PARTS // self._total if self._total else _PARTS
        if part > self._logged:
            self._logged = part
            line = f"Pulled {bytes_text(pulled)} of {bytes_text(self._total)}."
            if line != self._line:  # the last bytes may complete a quarter without a change of the rounded text
                self._line = line
                self._log(line)


def _check_size(compressed: int, unpacked: int) -> None:
    if compressed + unpacked > STORAGE_BYTES:
        parts = f"{bytes_text(compressed)} compressed" + (f" and {bytes_text(unpacked)} unpacked" if unpacked else "")
        raise ImageTooLarge(f"the image takes {parts}, and an instance has 3 GB of storage for both")
