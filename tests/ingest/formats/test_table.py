from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
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


@pytest.mark.parametrize(
    "text",
    [
        '{"resourceSpans": [{"scopeSpans": [{"spans": [{"kind": 2, "startTimeUnixNano": "soon"}]}]}]}',
        '{"data": [{"traceID": "a", "spans": [{"tags": [{"key": "span.kind", "value": "server"}]}]}]}',
        '{"log": {"creator": {}, "entries": [{"request": "GET", "startedDateTime": "2026-11-30T00:00:00Z"}]}}',
        '{"MetricDataResults": [{"Label": "Requests", "Timestamps": [1], "Values": [{}]}]}',
        "source,intended_s,latency_s,status\nall,0,1,ok\n",
        "import http from 'k6/http';\nexport const options = { scenarios: { a: 5 } };\n",
        "config: {phases: [{duration: 1, arrivalRate: 1}]}\nscenarios: [{flow: 5}]\n",
    ],
)
def test_an_entry_of_another_type_is_a_problem_of_the_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "file"
    file.write_text(text)
    done = CliRunner().invoke(app, ["import", str(file), "--out", str(tmp_path / "out.yaml")])

    assert done.exit_code == 2, done.output
    assert f"{file}:" in done.output
    assert not (tmp_path / "out.yaml").exists()
