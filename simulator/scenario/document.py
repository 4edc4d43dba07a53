"""Reads the text of a scenario file; model/text/document.py, which other YAML files use too, parses it."""

from __future__ import annotations

import pathlib
from typing import BinaryIO

from simulator.model.text.document import (
    DEPTH_MAX,
    FILE_BYTES_MAX,
    NODES_MAX,
    Document,
    Path,
    dotted,
    parse_document,
    shown,
)
from simulator.scenario.problems import Problem, ScenarioError

__all__ = [
    "DEPTH_MAX",
    "FILE_BYTES_MAX",
    "NODES_MAX",
    "Document",
    "Path",
    "dotted",
    "parse_document",
    "read_document_text",
    "read_stream_text",
    "shown",
]


def read_document_text(path: pathlib.Path) -> str:
    """Return the text of a file.

    Raises:
        ScenarioError: if the file cannot be read, or is larger than the size limit of a document.
    """
    try:
        with path.open("rb") as stream:
            return read_stream_text(stream, str(path))
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise ScenarioError([Problem(1, 1, "", found, "a file that can be read", file=str(path))]) from error


def read_stream_text(stream: BinaryIO, file: str) -> str:
    """Return the text of a stream, like `read_document_text`. `file` names the stream in errors."""
    raw = stream.read(FILE_BYTES_MAX + 1)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ScenarioError([Problem(line, 1, "", "not UTF-8", "UTF-8 text", file=file)]) from error
