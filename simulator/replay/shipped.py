"""The scenarios that are shipped with the simulator, by name."""

from __future__ import annotations

from pathlib import Path

import simulator

_PACKAGE = Path(simulator.__file__).parent
# In a wheel they are inside the package; in a clone, beside it.
_FOLDERS = (_PACKAGE / "shipped", _PACKAGE.parent / "scenarios")


def shipped_scenarios() -> dict[str, Path]:
    """Return the files, by name."""
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), None)
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))} if folder else {}
