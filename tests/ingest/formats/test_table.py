from __future__ import annotations

from pathlib import Path

import pytest

from simulator.ingest.formats.table import FORMAT_NAMES, format_named
from simulator.scenario.problems import ScenarioError
from tests.ingest.dataset_files import imported


def test_a_file_of_no_format_is_reported_with_the_known_formats(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("hello,world\n1,2\n")

    with pytest.raises(ScenarioError, match=r"x\.csv:1:1: file = 'hello,world', must be in a known format: azure-fun"):
        imported(file)


def test_the_nearest_name_of_a_format_is_suggested() -> None:
    with pytest.raises(ValueError, match="did you mean `azure-llm`"):
        format_named("azure-lm")


def test_names_of_formats_are_unique() -> None:
    assert len(set(FORMAT_NAMES)) == len(FORMAT_NAMES)


def test_the_page_names_every_format() -> None:
    page = Path(__file__).parents[3] / "docs" / "how-to" / "import-traffic.md"
    text = page.read_text(encoding="utf-8")

    assert [name for name in FORMAT_NAMES if f"`{name}`" not in text] == []
