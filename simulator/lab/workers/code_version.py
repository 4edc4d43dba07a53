"""The version of the simulator's code: its release, and a digest of its source.

Two clones may have the same release and different code. Results that are kept in a file, and workers of other machines,
are used only if both are equal.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import simulator

DIGEST_LENGTH: Final = 12  # hexadecimal digits: as many as git shows of a commit in a large repository


@functools.cache
def code_version() -> str:
    """Return the release and the digest of the source, `0.9.0+3fa85c1b02de`."""
    return f"{simulator.__version__}+{source_digest(Path(simulator.__file__).parent)}"


def python_version() -> str:
    """Return the version of Python without its last part: `3.11`. Values are pickled between equal ones."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def source_digest(folder: Path) -> str:
    """Return the digest of all Python files in a folder and the folders in it."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:DIGEST_LENGTH]


def files_digest(paths: Sequence[Path]) -> str:
    """Return the digest of the contents of files, in this order. A folder has the contents of its files.

    Raises:
        OSError: if a file cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        inside = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        for each in inside:
            with each.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:DIGEST_LENGTH]
