"""A comparison as JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.lab.compare.comparison import (
    Comparison,
    comparison_json,
    read_comparison,
)


def test_the_json_reads_back_as_it_was(comparison: Comparison, tmp_path: Path) -> None:
    file = tmp_path / "comparison.json"
    file.write_text(comparison_json(comparison), encoding="utf-8")
    assert read_comparison(file) == comparison
    file.write_text('{"cases": 1}', encoding="utf-8")
    with pytest.raises(ValueError, match="must be what `simulator compare --json` writes"):
        read_comparison(file)
