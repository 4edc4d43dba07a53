"""The extras of the package: the extra of each optional library, and the message for one that is not installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Library, as it is imported -> extra (pyproject.toml).
EXTRAS: Final[Mapping[str, str]] = {
    "aiobotocore": "aws",
    "aiodocker": "docker",
    "aiohttp": "serve",
    "botocore": "serve",
    "cryptography": "serve",
    "dask": "lab",
    "distributed": "lab",
    "dns": "serve",
    "httptools": "serve",
    "jinja2": "lab",
    "matplotlib": "lab",
    "nodesemver": "serve",
    "numba": "lab",
    "opentelemetry": "otel",
    "pandas": "notebook",
    "prometheus_client": "serve",
    "pyarrow": "lab",
    "re2": "serve",
    "scipy": "lab",
    "uvloop": "serve",
}


def missing_text(library: str, extra: str | None = None) -> str:
    """Return the message for a library that is not installed, which ends with the command that installs it.

    `extra`: the extra to name if several contain the library.
    """
    command = f"pip install '.[{extra or EXTRAS[library]}]'"
    return f"{library}, which this needs, is not installed; `{command}` in a clone installs it"


def explain_missing(error: ImportError) -> str | None:
    """Return the message for a library of an extra that could not be imported, or None for any other error."""
    library = (error.name or "").partition(".")[0]
    return missing_text(library) if isinstance(error, ModuleNotFoundError) and library in EXTRAS else None
