"""The folder in which compiled kernels are kept, one for each version of the backend's sources."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

_PREFIX: Final = "compiled-"
_OF_TEMPORARY: Final = "apprunner-simulator-"
_UNUSED_S: Final = 60 * 86_400.0


def cache_folder(digest: str, home: Path | None = None) -> Path:
    """Return the folder of the sources with this digest: in the user's cache if it is writable, else in the folder for
    temporary files. Folders of other versions beside it that no run has used for 60 days are removed.

    `home`: the user's home folder, found if it is None.
    """
    name = f"{_PREFIX}{digest}"
    try:
        folder = (home or Path.home()) / ".cache" / "apprunner-simulator" / name
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)  # a run uses it now
    except (OSError, RuntimeError):  # read-only file system, or no home directory
        return Path(tempfile.gettempdir()) / f"{_OF_TEMPORARY}{name}"
    _remove_unused(folder)
    return folder


def _remove_unused(current: Path) -> None:
    """Remove folders like `current` that were not used for long. Another process may remove the same ones."""
    try:
        now_s = current.stat().st_mtime
        others = [folder for folder in current.parent.glob(f"{_PREFIX}*") if folder != current and folder.is_dir()]
        unused = [folder for folder in others if now_s - folder.stat().st_mtime > _UNUSED_S]
    except OSError:
        return
    for folder in unused:
        shutil.rmtree(folder, ignore_errors=True)
