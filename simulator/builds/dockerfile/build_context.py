"""The build context of a Dockerfile: the files of a folder that its .dockerignore does not exclude.

The functions block; call them in a thread.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from simulator.builds.dockerfile.dockerignore import FILE_NAME, Ignore

DOCKERFILE: Final = "Dockerfile"
# Always sent to the engine, which reads both files, regardless of the patterns.
_ALWAYS: Final = frozenset({DOCKERFILE, FILE_NAME})


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """A file or directory of the context. `path` is relative, with slashes."""

    path: str
    about: os.stat_result


def entries(folder: Path) -> list[ContextEntry]:
    """List the entries of the context in name order, each directory before its content.

    Raises:
        ValueError: if .dockerignore has an invalid pattern.
        OSError: if the folder cannot be read.
    """
    try:
        ignore = Ignore.of_text((folder / FILE_NAME).read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        ignore = Ignore()
    return list(_below(folder, "", ignore))


def _below(folder: Path, prefix: str, ignore: Ignore) -> Iterator[ContextEntry]:
    for found in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = prefix + found.name
        is_wanted = path in _ALWAYS or not ignore.leaves_out(path)
        is_folder = found.is_dir(follow_symlinks=False)
        if not (is_wanted or (is_folder and ignore.takes_in_again)):
            continue
        try:
            about = found.stat(follow_symlinks=False)
            # An excluded directory still has an entry if something inside it is included.
            inside = list(_below(Path(found.path), f"{path}/", ignore)) if is_folder else []
        except FileNotFoundError:  # removed after the listing
            continue
        if is_wanted and not stat.S_ISSOCK(about.st_mode) and not stat.S_ISFIFO(about.st_mode):
            yield ContextEntry(path, about)
        yield from inside


def fingerprint(folder: Path) -> str:
    """Return a text that changes when a file of the context may have changed; empty if unknown. Never raises."""
    try:
        lines = [f"{e.path}\0{e.about.st_mode}\0{_changed(e)}" for e in entries(folder)]
    except (ValueError, OSError):
        return ""
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def _changed(entry: ContextEntry) -> str:
    """Describe the state of an entry. The content of a directory has its own entries, or is excluded."""
    return "" if stat.S_ISDIR(entry.about.st_mode) else f"{entry.about.st_size} {entry.about.st_mtime_ns}"


def pack(folder: Path, to: IO[bytes], *, file_bytes_max: int, bytes_max: int) -> None:
    """Write the context to `to` as a tar archive in which root owns the files.

    Raises:
        ValueError: if a file or the context is too large, or like `entries`.
        OSError: if a file cannot be read, or changes while it is packed.
    """
    found = entries(folder)
    total = sum(entry.about.st_size for entry in found if stat.S_ISREG(entry.about.st_mode))
    for entry in found:
        size = entry.about.st_size
        if stat.S_ISREG(entry.about.st_mode) and size > file_bytes_max:
            msg = f"{entry.path} = {size} bytes, must be at most {file_bytes_max}; or name it in {FILE_NAME}"
            raise ValueError(msg)
    if total > bytes_max:
        msg = f"the build's context = {total} bytes, must be at most {bytes_max}; {FILE_NAME} can leave some out"
        raise ValueError(msg)
    with tarfile.open(fileobj=to, mode="w") as tar:
        # BuildKit recognizes an archive by the header of its first entry, which must be a plain one.
        for entry in sorted(found, key=lambda each: each.path != DOCKERFILE):
            try:
                tar.add(folder / entry.path, entry.path, recursive=False, filter=_of_root)
            except FileNotFoundError:  # removed after the listing
                continue


def _of_root(about: tarfile.TarInfo) -> tarfile.TarInfo:
    about.uid = about.gid = 0
    about.uname = about.gname = "root"
    about.mtime = int(about.mtime)  # a fraction would need a header of its own before the plain one
    return about
