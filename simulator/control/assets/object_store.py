"""A small object store for templates and assets: buckets and keys in a private folder, or in memory.

It replaces the bucket of a CDK bootstrap stack or of `aws cloudformation deploy --s3-bucket`. Every bucket exists.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from simulator.model.resources.api_error import ApiError
from simulator.world.private_files import own_private_folder, write_private

OBJECT_BYTES_MAX: Final = 16 * 1024 * 1024
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)  # S3's naming rules
_FILE_NAME_MAX: Final = 255  # of Linux; S3 allows 1,024 bytes, not counting escapes
_PREFIX: Final = "="  # so that no file is called `.` or `..`


class StoredObject(NamedTuple):
    """An object. `changed_at`: time of its last change in seconds since 1970."""

    key: str
    content: bytes
    changed_at: float

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'


class ObjectStore:
    """The objects in `folder`; None: in memory. Methods raise ApiError for invalid names, and OSError."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._memory: dict[tuple[str, str], StoredObject] = {}

    def buckets(self) -> list[str]:
        """Return the names of buckets that have objects."""
        if self._folder is None:
            return sorted({bucket for bucket, _ in self._memory})
        return sorted(each.name for each in self._folder.iterdir()) if self._folder.is_dir() else []

    def put(self, bucket: str, key: str, content: bytes, now: float) -> StoredObject:
        """Store an object. It replaces the previous one."""
        stored = StoredObject(key, content, now)
        path = self._path(bucket, key)
        if path is None:
            self._memory[bucket, key] = stored
        else:
            assert self._folder is not None
            own_private_folder(self._folder)
            own_private_folder(path.parent)
            write_private(path, content)
        return stored

    def get(self, bucket: str, key: str) -> StoredObject | None:
        path = self._path(bucket, key)
        if path is None:
            return self._memory.get((bucket, key))
        try:
            return StoredObject(key, path.read_bytes(), path.stat().st_mtime)
        except FileNotFoundError:
            return None

    def listed(self, bucket: str, prefix: str) -> list[StoredObject]:
        """Return the objects whose keys begin with `prefix`, in the order of their keys."""
        check_bucket(bucket)
        if self._folder is None:
            keys = [key for each, key in self._memory if each == bucket]
        else:
            folder = self._folder / bucket
            names = [each.name for each in folder.iterdir()] if folder.is_dir() else []
            keys = [unquote(name.removeprefix(_PREFIX)) for name in names if name.startswith(_PREFIX)]
        found = (self.get(bucket, key) for key in sorted(keys) if key.startswith(prefix))
        return [each for each in found if each is not None]

    def remove(self, bucket: str, key: str) -> None:
        path = self._path(bucket, key)
        if path is None:
            self._memory.pop((bucket, key), None)
        else:
            path.unlink(missing_ok=True)

    def _path(self, bucket: str, key: str) -> Path | None:
        check_bucket(bucket)
        name = _PREFIX + quote(key, safe="", errors="surrogateescape")
        if len(name) > _FILE_NAME_MAX:
            raise ApiError(
                "KeyTooLongError", f"Your key is too long: {_FILE_NAME_MAX} bytes, escaped, are possible here"
            )
        return None if self._folder is None else self._folder / bucket / name


def check_bucket(name: str) -> None:
    """Raise ApiError unless `name` can be that of a bucket."""
    if _BUCKET.fullmatch(name) is None:
        raise ApiError("InvalidBucketName", "The specified bucket is not valid.")
