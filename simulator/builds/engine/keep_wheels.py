"""Copies the wheels in pip's cache to a folder from which pip installs without an index.

The options are `--no-index` and `--find-links`. pip keeps downloads as HTTP responses, which it does not use without
asking their index again. This module runs in the containers of builds, with the image's own Python (3.7 or later) and
nothing else.
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

_CHUNK_BYTES = 1024 * 1024
_END_BYTES_MAX = 66_000  # end of an archive with the longest comment, and the data that follows it in a response
_END_RECORD = b"PK\x05\x06"
_END_RECORD_BYTES = 22


def keep(cache: Path, folder: Path) -> int:
    """Copy the wheels of `cache` that `folder` does not have. Return how many were copied."""
    folder.mkdir(parents=True, exist_ok=True)
    copied = 0
    for path in sorted(cache.rglob("*")):
        if path.is_file() and folder not in path.parents:
            try:
                copied += _keep(path, folder)
            except (OSError, ValueError, KeyError, NotImplementedError, zipfile.BadZipFile):
                continue  # not a wheel, or a truncated one
    return copied


def _keep(path: Path, folder: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        wheel = _name(archive)
        if not wheel or (folder / wheel).exists():
            return 0
        begin = min(entry.header_offset for entry in archive.infolist())
    left = _end(path) - begin
    part = folder / (wheel + ".part")
    with path.open("rb") as source, part.open("wb") as copy:
        source.seek(begin)
        while left > 0:
            data = source.read(min(left, _CHUNK_BYTES))
            if not data:
                break
            copy.write(data)
            left -= len(data)
    part.replace(folder / wheel)
    return 1


def _name(archive: zipfile.ZipFile) -> str:
    """Return the file name of a wheel from its metadata; empty for any other archive."""
    found = [entry for entry in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/WHEEL", entry)]
    if len(found) != 1:
        return ""
    name, _, version = found[0].split("/")[0][: -len(".dist-info")].partition("-")
    lines = archive.read(found[0]).decode("utf-8").splitlines()
    build = [line.partition(":")[2].strip() for line in lines if line.startswith("Build:")]
    tags = [tuple(line.partition(":")[2].strip().split("-")) for line in lines if line.startswith("Tag:")]
    if not tags or {len(tag) for tag in tags} != {3}:
        return ""
    joined = [".".join(dict.fromkeys(tag[place] for tag in tags)) for place in range(3)]
    parts = [name, version, *build[:1], *joined]
    return "-".join(parts) + ".whl" if all(re.fullmatch(r"\w[\w.+!]*", part) for part in parts) else ""


def _end(path: Path) -> int:
    """Return the offset at which the archive ends; the responses of pip before 23.3 continue after it."""
    size = path.stat().st_size
    begin = max(0, size - _END_BYTES_MAX)
    with path.open("rb") as file:
        file.seek(begin)
        tail = file.read()
    place = tail.rindex(_END_RECORD)
    return begin + place + _END_RECORD_BYTES + int.from_bytes(tail[place + 20 : place + 22], "little")


if __name__ == "__main__":
    keep(Path(sys.argv[1]), Path(sys.argv[2]))
