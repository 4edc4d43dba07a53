"""Published inputs and outputs that the simulator is validated against; the notices beside them name the sources."""

from __future__ import annotations

import csv
import io
import json
from importlib.resources import files
from typing import Any


def vectors(name: str) -> dict[str, Any]:
    """Read a JSON file of this folder."""
    document: dict[str, Any] = json.loads(_text(name))
    return document


def rows(name: str) -> list[dict[str, str]]:
    """Read the rows of a CSV file of this folder."""
    return list(csv.DictReader(io.StringIO(_text(name))))


def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
