"""The images that were pulled for services, and the removal of old ones. Each deployment adds an image to the disk.

The images of the present and the previous version of a service are kept, and that of a deployment in progress. Only
references by digest, which the simulator pulled itself, are removed: an image that has another name, or a container,
stays in the engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

import orjson

from simulator.world.private_files import write_private

KEPT_IMAGES: Final = 2  # those of the present and the previous version
PULLED_NAME: Final = "pulled.json"  # file in the state folder

_DIGEST: Final = "@sha256:"


class ImageEngine(Protocol):
    """The part of the engine that removes images."""

    async def remove_image(self, image: str) -> None: ...

    async def image(self, names: tuple[str, ...]) -> object | None: ...


class PulledImages:
    """The images of each service by its ARN, the serving one last. `file` stores them between starts.

    `kept`: how many images of a service stay; None: all.
    """

    def __init__(self, file: Path | None = None, kept: int | None = KEPT_IMAGES) -> None:
        self._file = file
        self._kept = kept
        self._names = _read(file)
        self._candidates: dict[str, str] = {}  # pulled for the deployment in progress, or for one that failed

    def pulled(self, service_arn: str, name: str) -> None:
        """Record an image that was pulled for a deployment of the service."""
        self._candidates[service_arn] = name
        names = self._names.setdefault(service_arn, [])
        if name not in names:
            names.insert(0, name)
            self._write()

    def serves(self, service_arn: str, version: str) -> None:
        """Record that the service runs the image that was pulled last, or, after a restart, that of its version."""
        name = self._candidates.pop(service_arn, version)
        names = self._names.get(service_arn, [])
        if _DIGEST in name and names[-1:] != [name]:
            self._names[service_arn] = [*(each for each in names if each != name), name]
            self._write()

    def forget(self, service_arn: str) -> None:
        """Release all images of a deleted service."""
        self._candidates.pop(service_arn, None)
        names = self._names.pop(service_arn, [])
        if names:
            self._names[""] = [*self._names.get("", []), *names]
            self._write()

    @property
    def excess(self) -> list[str]:
        """Return the images that no service keeps, the oldest of each service first."""
        if self._kept is None:
            return []
        wanted = {*self._candidates.values()}
        for service_arn, names in self._names.items():
            wanted |= set(names[-self._kept :]) if service_arn else set()
        return [
            name
            for name in dict.fromkeys(each for names in self._names.values() for each in names)
            if name not in wanted
        ]

    async def remove_excess(self, engine: ImageEngine) -> None:
        """Remove images from the engine. One that a container still uses is tried again at the next call."""
        removed = set()
        for name in self.excess:
            await engine.remove_image(name)
            if await engine.image((name,)) is None:
                removed.add(name)
        if removed:
            kept = {arn: [each for each in names if each not in removed] for arn, names in self._names.items()}
            self._names = {arn: names for arn, names in kept.items() if names}
            self._write()

    def _write(self) -> None:
        if self._file is not None:
            write_private(self._file, orjson.dumps(self._names))


def _read(file: Path | None) -> dict[str, list[str]]:
    """Return what an earlier start has recorded. Without a readable file, images of earlier starts are not removed."""
    if file is None:
        return {}
    try:
        content = orjson.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {
        str(arn): [each for each in names if isinstance(each, str) and _DIGEST in each]
        for arn, names in content.items()
        if isinstance(names, list)
    }
