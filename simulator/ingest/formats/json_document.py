"""Reads a file that is one JSON document, such as the answer of an AWS command or a HAR archive."""

from __future__ import annotations

import json
from typing import Any, Final

from simulator.ingest.input_file import InputFile

# A document is read into memory as a whole, which takes several times its size.
DOCUMENT_BYTES_MAX: Final = 256 * 1024**2


def starts_with(file: InputFile, *keys: str) -> bool:
    """Return True if a JSON object begins in the first bytes and one of these keys is among them."""
    head = file.head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"{") and any(f'"{key}"'.encode() in head for key in keys)


def document(file: InputFile) -> Any:
    """Return the document.

    Raises:
        ScenarioError: if the file is too long, or no JSON.
    """
    content = bytearray()
    for part in file.parts():
        content += part
        if len(content) > DOCUMENT_BYTES_MAX:
            size = f"more than {DOCUMENT_BYTES_MAX // 1024**2} MB"
            raise file.problem(1, "file", size, "a JSON document that fits into memory: cut it into shorter periods")
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        raise file.problem(error.lineno, "file", error.msg, "JSON") from error
    except UnicodeDecodeError as error:
        raise file.problem(1, "file", str(error), "JSON in UTF-8") from error


def items(value: Any, key: str) -> list[dict[str, Any]]:
    """Return the objects in the list at a key; empty without a list."""
    found = value.get(key) if isinstance(value, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
