"""Paths in the configuration of `simulator serve`, which are relative to its file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema


def _beside(value: object, info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("folder", ".")) / str(value)


def _file_beside(value: object, info: ValidationInfo) -> Path:
    path = _beside(value, info)
    if not path.is_file():
        msg = f"{value!r} is not a file; write the path of one that exists, relative to the configuration file"
        raise ValueError(msg)
    return path


def _beside_unless_false(value: object, info: ValidationInfo) -> Path | bool:
    return False if value is False else _beside(value, info)


OutputFile = Annotated[Path, BeforeValidator(_beside), WithJsonSchema({"type": "string"})]
"""A file to write, which need not exist."""
OutputFileOrFalse = Annotated[
    Path | Literal[False],
    BeforeValidator(_beside_unless_false),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"const": False}]}),
]
"""A file to write, or false for none."""
File = Annotated[Path, BeforeValidator(_file_beside), WithJsonSchema({"type": "string"})]
