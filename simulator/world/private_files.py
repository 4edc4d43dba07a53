"""Creates folders and files that only their owner can read, for the contents of a state folder.

Modes are set explicitly, because the standard ways depend on the umask: `mkdir(mode=, parents=True)` sets the mode of
the last folder only, `open` keeps the mode of an existing file, and libraries create files with the umask's mode. So
folders are created one by one, files are created before a library opens them, and the modes of a state folder from an
earlier version are repaired when it is opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from simulator.world.replacement_files import ReplacementFile

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
_OTHERS: Final = 0o077

# The contents of a state folder. The folders of builds contain applications, whose files keep their modes because they
# are copied into images and run. Other users cannot reach them, because the enclosing folders are private.
_FILES: Final = (
    "lock",
    "admin.json",
    "admin.new",
    "pulled.json",
    "records.zone",
    "control.sqlite",
    "control.sqlite-wal",
    "control.sqlite-shm",
)
_WHOLE_FOLDERS: Final = ("assets", "ca", "copies", "up")
_FOLDERS_OF_TREES: Final = ("builds",)
_HALF_DONE: Final = ".control.sqlite"  # prefix of temporary files that a crash may leave in the folder
_OURS: Final = frozenset({*_FILES, *_WHOLE_FOLDERS, *_FOLDERS_OF_TREES})


def make_private_folder(folder: Path) -> None:
    """Create the folder and its missing parents, each with private mode from the start.

    An existing empty folder becomes private; a folder with contents is left to `repair_modes`.

    Raises:
        OSError: if a folder cannot be created, or `folder` is a file.
    """
    missing = []
    above = folder
    while not above.exists() and above != above.parent:
        missing.append(above)
        above = above.parent
    for each in reversed(missing):
        each.mkdir(mode=FOLDER_MODE, exist_ok=True)
        each.chmod(FOLDER_MODE)  # the umask may have removed permissions that the owner needs
    folder.mkdir(exist_ok=True)  # raises the appropriate error if it is a file
    status = folder.stat()
    if _is_open(status) and not status.st_mode & stat.S_ISVTX and not any(folder.iterdir()):
        folder.chmod(FOLDER_MODE)


def own_private_folder(folder: Path) -> None:
    """Create a folder inside a state folder, or make an existing one private, whatever its mode was.

    Raises:
        OSError: if that is not possible.
    """
    make_private_folder(folder)
    if stat.S_IMODE(folder.stat().st_mode) != FOLDER_MODE:
        folder.chmod(FOLDER_MODE)


def open_private(path: Path, flags: int) -> int:
    """Open a file that only its owner can read and return its descriptor. O_CREAT in `flags` creates the file.

    Raises:
        OSError: if that is not possible.
    """
    descriptor = os.open(path, flags | os.O_CLOEXEC, FILE_MODE)
    try:
        os.fchmod(descriptor, FILE_MODE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def write_private(path: Path, content: bytes) -> None:
    """Replace the content of a private file atomically: write a temporary file and rename it.

    Raises:
        OSError: if that is not possible; the file is then unchanged.
    """
    with ReplacementFile(path, FILE_MODE) as new:
        with os.fdopen(open_private(new.path, os.O_WRONLY), "wb") as file:
            file.write(content)
        new.put_in_place()


def repair_modes(state: Path) -> int:
    """Make files and folders private that an earlier version left readable by others. Return their number.

    The state folder itself is not changed if it contains anything that is not part of a state, because it may have
    another purpose. Files of other users are not changed either.
    """
    repaired = 0
    for path in _parts(state):
        try:
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode) or not _is_open(status):
                continue
            path.chmod(FOLDER_MODE if stat.S_ISDIR(status.st_mode) else FILE_MODE)
            repaired += 1
        except OSError:  # removed in the meantime, or no permission to change it
            continue
    return repaired


def _is_open(status: os.stat_result) -> bool:
    """Return True if other users have access and the current user owns the file."""
    return bool(status.st_mode & _OTHERS) and status.st_uid == os.geteuid()


def _parts(state: Path) -> Iterator[Path]:
    try:
        names = {each.name for each in state.iterdir()}
    except OSError:
        return
    ours = names & _OURS
    if ours and all(name.startswith(_HALF_DONE) for name in names - ours):
        yield state.resolve()
    for name in sorted(ours):
        yield state / name
        if name in _WHOLE_FOLDERS:
            yield from (state / name).rglob("*")
        elif name in _FOLDERS_OF_TREES:
            yield from (state / name).glob("*")
