"""Imports libraries of the extra `lab` when they are used, with a one-line error if they are missing."""

from __future__ import annotations

import importlib
from typing import Any

from simulator.model.extras import EXTRAS, missing_text


class MissingLibrary(Exception):
    """A library of the extra `lab` is not installed; the message says how to get it."""


def needed(module: str) -> Any:
    """Import the module now and return it.

    Raises:
        MissingLibrary: if it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != library:
            raise  # the library is there but broken: its own error explains more
        raise MissingLibrary(missing_text(library, EXTRAS.get(library, "lab"))) from error
