"""Paths in the configuration of `simulator serve`, which are relative to its file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema


def _beside(value: object, info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("folder", ".")) / str(value)


def _file_beside(value: object, info: ValidationInfo) -> Path:
    path = _beside(value, info)
    if not path.is_file():
        msg = f"{value!r} is not a file; write the path of one that exists, relative to the configuration file"
        raise ValueError(msg)
    return path


OutputFile = Annotated[Path, BeforeValidator(_beside), WithJsonSchema({"type": "string"})]
"""A file to write, which need not exist."""
File = Annotated[Path, BeforeValidator(_file_beside), WithJsonSchema({"type": "string"})]
