"""Files and folders that a scenario names. A relative path starts at the folder of the scenario's file.

A program that plays scenarios for others can limit which files a scenario may name: without a limit, a scenario can
name any file of the machine, and the error about a file that is no recording quotes its first lines.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Final

_FOLDERS: Final[ContextVar[tuple[Path, ...] | None]] = ContextVar("folders of the files that scenarios name")


@contextlib.contextmanager
def only_files_below(*folders: Path) -> Iterator[None]:
    """In the block, a scenario that is read names only files below `folders`; symbolic links are followed."""
    token = _FOLDERS.set(tuple(folder.resolve() for folder in folders))
    try:
        yield
    finally:
        _FOLDERS.reset(token)


def named_file(folder: Path, value: str, key: str) -> Path:
    """Return the path of the file or folder `value` of the scenario's `key`. It need not exist.

    Raises:
        ValueError: if it is outside the folders of `only_files_below`.
    """
    path = folder / value
    folders = _FOLDERS.get(None)
    if folders is not None and not any(path.resolve().is_relative_to(allowed) for allowed in folders):
        msg = f"{key} = {value!r}, must be below {' or '.join(map(str, folders))}"
        raise ValueError(msg)
    return path
