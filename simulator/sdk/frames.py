"""Conversion of columns to a data frame of the chosen library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from simulator.lab.extras import MissingLibrary, needed
from simulator.model.extras import missing_text
from simulator.model.text.problems import one_of

Library = Literal["pandas", "arrow"]

_MODULES: Final[Mapping[str, str]] = {"pandas": "pandas", "arrow": "pyarrow"}


def frame(columns: Mapping[str, Sequence[Any]], library: Library = "pandas") -> Any:
    """Return a pandas DataFrame or a pyarrow Table; columns in the given order, `None` where nothing was measured.

    Raises:
        MissingLibrary: if the library is not installed.
        ValueError: if `library` is neither of them.
    """
    if library not in _MODULES:
        msg = f"library = {library!r}, must be {one_of(library, _MODULES)}"
        raise ValueError(msg)
    try:
        module = needed(_MODULES[library])
    except MissingLibrary as error:
        raise MissingLibrary(missing_text(_MODULES[library], "notebook")) from error
    data = {name: list(values) for name, values in columns.items()}
    return module.DataFrame(data) if library == "pandas" else module.table(data)


def frame_of_rows(rows: Iterable[Mapping[str, Any]], names: Sequence[str], library: Library = "pandas") -> Any:
    """Return a frame of rows; `names` are the columns, even if there is no row."""
    given = list(rows)
    return frame({name: [row.get(name) for row in given] for name in names}, library)
