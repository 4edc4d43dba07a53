"""Folders and files that their owner alone may read: everything that a state folder has.

The mode is set on what is made, whatever the umask is: `mkdir(mode=, parents=True)` gives it to the last folder only,
`open` leaves an existing file's mode, and a library makes its files as the umask wants. So folders are made one by one,
a library finds its file made already, and a state of an earlier version is repaired when it is opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
_OTHERS: Final = 0o077

# What a state folder has. Below the folders of builds are trees of applications, whose files keep their own modes:
# they are copied into images and run. Nobody else gets there, as the folders above are private.
_FILES: Final = ("lock", "admin.json", "admin.new", "control.sqlite", "control.sqlite-wal", "control.sqlite-shm")
_WHOLE_FOLDERS: Final = ("ca",)
_FOLDERS_OF_TREES: Final = ("builds",)
_HALF_DONE: Final = ".control.sqlite"  # what a crash may leave beside them
_OURS: Final = frozenset({*_FILES, *_WHOLE_FOLDERS, *_FOLDERS_OF_TREES})


def make_private_folder(folder: Path) -> None:
    """Make the folder and those above it that are missing, each private from its first moment.

    An empty folder that is there is made private, too; one with other things in it is `repair_modes`'s to judge.
    Raises OSError.
    """
    missing = []
    above = folder
    while not above.exists() and above != above.parent:
        missing.append(above)
        above = above.parent
    for each in reversed(missing):
        each.mkdir(mode=FOLDER_MODE, exist_ok=True)
        each.chmod(FOLDER_MODE)  # a umask may have taken bits that its owner needs
    folder.mkdir(exist_ok=True)  # says what is wrong when it is a file
    status = folder.stat()
    if _is_open(status) and not status.st_mode & stat.S_ISVTX and not any(folder.iterdir()):
        folder.chmod(FOLDER_MODE)


def own_private_folder(folder: Path) -> None:
    """The same for a folder within a state, which is private whichever program made it. Raises OSError."""
    make_private_folder(folder)
    if stat.S_IMODE(folder.stat().st_mode) != FOLDER_MODE:
        folder.chmod(FOLDER_MODE)


def open_private(path: Path, flags: int) -> int:
    """A descriptor of the file, made if `flags` have O_CREAT, which its owner alone may read. Raises OSError."""
    descriptor = os.open(path, flags | os.O_CLOEXEC, FILE_MODE)
    try:
        os.fchmod(descriptor, FILE_MODE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def write_private(path: Path, content: bytes) -> None:
    """The file, whole or as it was: written beside and renamed. Raises OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(open_private(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
            file.write(content)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def repair_modes(state: Path) -> int:
    """Make what an earlier version left open to others private. Returns of how many files and folders.

    The state folder itself is left as it is when it holds other things than a state: it is somebody's, then. Files of
    another user are left, too.
    """
    repaired = 0
    for path in _parts(state):
        try:
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode) or not _is_open(status):
                continue
            path.chmod(FOLDER_MODE if stat.S_ISDIR(status.st_mode) else FILE_MODE)
            repaired += 1
        except OSError:  # removed meanwhile, or not ours to change
            continue
    return repaired


def _is_open(status: os.stat_result) -> bool:
    """To others, and ours to change."""
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
