"""The folder in which a process driver keeps the folders of its instances."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from simulator.fleet.process.confinement.sweep import owner_name


def new_name(scratch: Path | None) -> Path:
    """Return the path of a new folder, with links resolved: marks are compared by name."""
    return (scratch or _temporary_folder()).resolve() / f"{owner_name(os.getpid())}{secrets.token_hex(4)}"


def _temporary_folder() -> Path:
    """Return the system's temporary folder without creating a file.

    `tempfile.gettempdir` writes a file into each candidate, which would remain if the simulator is killed in that
    moment.
    """
    places: list[str] = tempfile._candidate_tempdir_list()  # type: ignore[attr-defined]  # noqa: SLF001
    return Path(next((place for place in places if os.access(place, os.W_OK | os.X_OK)), places[0]))
