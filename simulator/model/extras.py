"""The extras of the package: which extra contains an optional library, and the message if it is not installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Library, by the name that is imported -> extra (pyproject.toml).
EXTRAS: Final[Mapping[str, str]] = {
    "aiobotocore": "aws",
    "aiodocker": "docker",
    "aiohttp": "serve",
    "anyio": "mcp",
    "botocore": "serve",
    "cryptography": "serve",
    "dask": "lab",
    "distributed": "lab",
    "dns": "serve",
    "httptools": "serve",
    "jinja2": "lab",
    "matplotlib": "lab",
    "mcp": "mcp",
    "nodesemver": "serve",
    "numba": "lab",
    "opentelemetry": "otel",
    "pandas": "notebook",
    "prometheus_client": "serve",
    "pyarrow": "lab",
    "re2": "serve",
    "ruptures": "lab",
    "scipy": "lab",
    "uvloop": "serve",
}


def missing_text(library: str, extra: str | None = None) -> str:
    """Return the message for a library that is not installed; it ends with the command that installs it.

    `extra` is the extra to name if several contain the library.
    """
    command = f"pip install '.[{extra or EXTRAS[library]}]'"
    return f"{library}, which this needs, is not installed; `{command}` in a clone installs it"


def explain_missing(error: ImportError) -> str | None:
    """Return the message if `error` is the failed import of a library of an extra, otherwise None."""
    library = (error.name or "").partition(".")[0]
    return missing_text(library) if isinstance(error, ModuleNotFoundError) and library in EXTRAS else None
