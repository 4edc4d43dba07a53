"""Libraries that only the laboratory needs: imported when they are used, with one clear line when they are missing."""

from __future__ import annotations

import importlib
from typing import Any


class MissingLibrary(Exception):
    """A library of the extra `lab` is not installed; the message says how to get it."""


def needed(module: str) -> Any:
    """The module, imported now.

    Raises:
        MissingLibrary: when it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != library:
            raise  # a broken installation, and not ours to explain
        msg = f"{library} = not installed, must be there for this: pip install '.[lab]' in a clone"
        raise MissingLibrary(msg) from error
