"""App Runner's copies of what services run, for services with a KMS key of their own (facts 12).

A deployment encrypts its image or build into a file in the state folder, with a data key of the service's KMS key. A
paused service keeps only that file: a pulled image is removed from the engine, and a build from its folder. A resume
and a deployment need the data key from KMS, so a disabled or deleted key prevents both. Running instances continue,
because they do not need the copy.

# ASSUMPTION: App Runner's behaviour and texts for a key that cannot be used later are not published (facts 19.6).
# Settled by a service whose key is disabled before it resumes.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import shutil
import tarfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Final, cast

from simulator.control.operations.workload import ServiceRevision, WorkloadFailed
from simulator.fleet.credentials.key_service import KeyService, KeyUnusable
from simulator.fleet.docker.engine import Engine, Image
from simulator.platform.stored_copies.encrypted_file import PIECE_BYTES, CopyDamaged, EncryptedReader, EncryptedWriter
from simulator.world.private_files import own_private_folder

_NEW: Final = ".new"  # suffix of a file that is being written


class StoredCopies:
    """The stored copies in `folder`.

    Methods do nothing for services without a KMS key, and raise WorkloadFailed if the service's key cannot be used.
    """

    def __init__(self, folder: Path, keys: KeyService) -> None:
        self._folder = folder
        self._keys = keys
        self._kept: dict[str, Path] = {}  # key: service; the copy of the deployed version

    async def check(self, revision: ServiceRevision) -> None:
        """Check that the service's key can be used."""
        if revision.kms_key is not None:
            with _failures():
                await self._keys.check(revision.kms_key)

    async def keep_image(self, revision: ServiceRevision, version: str, engine: Engine, image: Image) -> None:
        """Encrypt a copy of an image of the engine, unless a copy exists."""
        about = {"image": image.name}
        if revision.kms_key is None or self._is_kept(revision, version, about):
            return
        async with self._writing(revision, version, about) as writer:
            async for data in engine.export(image.name):
                writer.write(data)

    def image_id(self, revision: ServiceRevision) -> str | None:
        """Return the id or name under which the image of the revision's version was exported; None without a copy."""
        reader = self._reader(revision)
        if reader is None:
            return None
        with reader:
            name: str | None = reader.header.get("image")
            return name

    async def load_image(self, revision: ServiceRevision, engine: Engine) -> Image | None:
        """Load the image of the revision's version into the engine; return None if there is no copy."""
        reader = self._reader(revision)
        if reader is None:
            return None
        with reader, _failures():
            await self._unlock(revision, reader)
            await engine.load(_pieces(reader))
            return await engine.image((str(reader.header["image"]),))

    async def keep_folder(self, revision: ServiceRevision, version: str, folder: Path) -> None:
        """Encrypt a copy of a build's folder, unless a copy exists."""
        about = {"folder": str(folder)}
        if revision.kms_key is None or self._is_kept(revision, version, about):
            return
        async with self._writing(revision, version, about) as writer:
            await asyncio.get_running_loop().run_in_executor(None, _pack, folder, writer)

    async def restore_folder(self, revision: ServiceRevision) -> None:
        """Restore the folder of the revision's version if it does not exist."""
        reader = self._reader(revision)
        if reader is None:
            return
        with reader, _failures():
            folder = _missing_folder(reader)
            if folder is not None:
                await self._unlock(revision, reader)
                await asyncio.get_running_loop().run_in_executor(None, _unpack, reader, folder)

    def has(self, revision: ServiceRevision) -> bool:
        """Return True if there is a copy of the revision's version."""
        return revision.kms_key is not None and self._path(revision, revision.version).exists()

    def serves(self, revision: ServiceRevision) -> None:
        """Remove the copies of the service's other versions."""
        kept = self._kept.pop(revision.service_arn, None)
        if revision.version:
            kept = self._path(revision, revision.version)
        if kept is not None and kept.exists():
            for path in kept.parent.iterdir():
                if path != kept:
                    path.unlink()

    def forget(self, service_arn: str) -> None:
        """Remove the copies of a deleted service."""
        self._kept.pop(service_arn, None)
        shutil.rmtree(self._folder_of(service_arn), ignore_errors=True)

    # --- internals ---------------------------------------------------------------------------------------------------

    def _is_kept(self, revision: ServiceRevision, version: str, about: Mapping[str, str]) -> bool:
        """Return True if there is a copy of exactly this build: one commit can have builds with different settings."""
        reader = self._reader(replace(revision, version=version))
        if reader is None:
            return False
        with reader:
            is_it = all(reader.header.get(name) == value for name, value in about.items())
        if is_it:
            self._kept[revision.service_arn] = self._path(revision, version)
        return is_it

    @contextlib.asynccontextmanager
    async def _writing(
        self, revision: ServiceRevision, version: str, about: Mapping[str, str]
    ) -> AsyncIterator[EncryptedWriter]:
        assert revision.kms_key is not None
        path = self._path(revision, version)
        with _failures():
            key = await self._keys.new_data_key(revision.kms_key, _context(revision))
            own_private_folder(self._folder)
            own_private_folder(path.parent)
            new = path.with_name(path.name + _NEW)
            header = {
                "format": 1,
                "version": version,
                "key": revision.kms_key,
                "data_key": base64.b64encode(key.encrypted).decode(),
                **about,
            }
            with EncryptedWriter(new, key.plain, header) as writer:
                yield writer
            new.replace(path)
        self._kept[revision.service_arn] = path

    def _reader(self, revision: ServiceRevision) -> EncryptedReader | None:
        """Return a reader of the copy of the revision's version, with a readable header only; None without a copy."""
        with _failures():
            return EncryptedReader(self._path(revision, revision.version)) if self.has(revision) else None

    async def _unlock(self, revision: ServiceRevision, reader: EncryptedReader) -> None:
        assert revision.kms_key is not None
        encrypted = base64.b64decode(str(reader.header["data_key"]))
        reader.open(await self._keys.decrypted(revision.kms_key, encrypted, _context(revision)))

    def _path(self, revision: ServiceRevision, version: str) -> Path:
        name = hashlib.sha256(version.encode()).hexdigest()[:32]
        return self._folder_of(revision.service_arn) / name

    def _folder_of(self, service_arn: str) -> Path:
        return self._folder / service_arn.rpartition("/")[2]


def _missing_folder(reader: EncryptedReader) -> Path | None:
    """Return the folder whose copy this is, if it does not exist; None if it exists, or the copy is of an image."""
    folder = Path(reader.header.get("folder", "/"))
    return None if folder.exists() else folder


def _context(revision: ServiceRevision) -> dict[str, str]:
    """Return the encryption context of the service's data keys."""
    return {"ServiceArn": revision.service_arn}


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except KeyUnusable as error:
        reason = f"{str(error)[0].upper()}{str(error)[1:]}."
        raise WorkloadFailed(reason, (reason,)) from error
    except (CopyDamaged, OSError) as error:
        raise WorkloadFailed(f"The stored copy cannot be used: {error}.") from error


async def _pieces(reader: EncryptedReader) -> AsyncIterator[bytes]:
    while data := reader.read(PIECE_BYTES):
        yield data


def _pack(folder: Path, writer: EncryptedWriter) -> None:
    with tarfile.open(fileobj=cast("IO[bytes]", writer), mode="w|") as tar:
        tar.add(folder, ".")


def _unpack(reader: EncryptedReader, folder: Path) -> None:
    """Unpack to a temporary folder, then rename it to `folder`, so that an existing folder is always complete."""
    new = folder.with_name(folder.name + _NEW)
    shutil.rmtree(new, ignore_errors=True)
    own_private_folder(new)
    # Files must be restored exactly; the default filter of later versions of Python changes modes and owners.
    options: dict[str, Any] = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}
    with tarfile.open(fileobj=cast("IO[bytes]", reader), mode="r|") as tar:
        tar.extractall(new, **options)  # noqa: S202 it is authenticated, and was written here
    new.replace(folder)
