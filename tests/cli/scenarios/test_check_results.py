"""The files of a run for continuous integration, read by other programs than the one that wrote them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.outputs import SUMMARY_VARIABLE

RUN = CliRunner()
SCENARIO = """
name: a <b> & "c" | d
duration: 20s
services: {web: {max_concurrency: 2, max_size: 1, application: {simulated: {io: 100ms}}}}
traffic: [{clock: {rate: 10/s}}]
checks: ["p95 < 50 ms", "status_5xx == 0"]
"""


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    file = tmp_path / "scenario.yaml"
    file.write_text(SCENARIO)
    return str(file)


@pytest.mark.case("X8l")
def test_junit_has_a_case_for_each_check_and_the_measured_value_of_a_failure(scenario: str, tmp_path: Path) -> None:
    out = tmp_path / "checks.xml"
    assert RUN.invoke(app, ["run", "-q", scenario, "--junit", str(out)]).exit_code == 1
    (suite,) = ET.parse(out).getroot()
    assert suite.attrib == {"name": 'a <b> & "c" | d', "tests": "2", "failures": "1", "errors": "0", "skipped": "0"}
    failed, passed = suite
    assert (failed.get("name"), failed[0].tag, failed[0].get("message")) == ("p95 < 50 ms", "failure", "100 ms")
    assert (passed.get("name"), len(passed)) == ("status_5xx == 0", 0)


@pytest.mark.case("X8l")
def test_the_verdict_is_appended_to_the_github_step_summary(scenario: str, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    RUN.invoke(app, ["run", "-q", scenario], env={SUMMARY_VARIABLE: str(summary)})
    lines = summary.read_text().splitlines()
    assert lines[:2] == ["before", '### a <b> & "c" \\| d: 1 of 2 checks FAILED']
    assert "| `p95 < 50 ms` | **FAILED** | 100 ms |" in lines
    assert "| `status_5xx == 0` | pass | 0 |" in lines

    lost = RUN.invoke(app, ["run", "-q", scenario], env={SUMMARY_VARIABLE: str(tmp_path / "none" / "x.md")})
    assert (lost.exit_code, "note: the summary of the step, " in lost.stderr) == (1, True)


def test_open_opens_the_page_after_it_is_written(
    scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    monkeypatch.setattr("typer.launch", lambda url: opened.append((url, Path(url).exists())))
    page = tmp_path / "page.html"
    RUN.invoke(app, ["run", "-q", scenario, "--html", str(page), "--open"])
    assert opened == [(str(page), True)]

    done = RUN.invoke(app, ["run", "-q", scenario, "--open"])
    assert (done.exit_code, "must come with --html F or --console" in done.stderr) == (2, True)
