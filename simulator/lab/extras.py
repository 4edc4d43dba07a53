"""Imports libraries of the extra `lab` on first use, and raises a one-line error if one is missing."""

from __future__ import annotations

import importlib
from typing import Any

from simulator.model.extras import EXTRAS, missing_text


class MissingLibrary(Exception):
    """A library of the extra `lab` is not installed; the message has the command that installs it."""


def needed(module: str) -> Any:
    """Import the module and return it.

    Raises:
        MissingLibrary: if the library is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != library:
            raise  # the library is installed but cannot be imported: its own error explains why
        raise MissingLibrary(missing_text(library, EXTRAS.get(library, "lab"))) from error
