"""The state folder: where the local certificate authority lives between runs."""

from __future__ import annotations

import os
from pathlib import Path


def state_folder(given: Path | None) -> Path:
    """`given`, or where the XDG base directories want it."""
    if given is not None:
        return given
    home = os.environ.get("XDG_STATE_HOME")  # noqa: TID251 cli is the reader of the environment
    return (Path(home) if home else Path.home() / ".local" / "state") / "apprunner-simulator"
