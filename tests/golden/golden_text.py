"""Compares a text with its golden file."""

from __future__ import annotations

from pathlib import Path


def assert_golden(found: str, file: Path, *, remake: bool) -> None:
    """Write the golden file first if it is to be made again (`pytest tests/golden --remake`)."""
    if remake:
        file.parent.mkdir(exist_ok=True)
        file.write_text(found, encoding="utf-8")
    expected = file.read_text(encoding="utf-8")
    assert found == expected, f"{file.stem} plays out differently; if it should, run: pytest tests/golden --remake"
