"""The figures of a run that lessons use, compared with values computed from the report."""

from __future__ import annotations

import pytest

from simulator.lessons.lesson_figures import figures, prefix_of
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.scenario.scenario import read_scenario

TEXT = """
duration: 3 min
services:
  my-web: {max_concurrency: 1, policy: fixed, min_size: 1, application: {simulated: {io: 500ms}}}
%s
traffic:
  - {name: people, service: my-web, clock: {rate: 3/s}}
"""


def played(more: str = "") -> Report:
    return build_report(play(Run(read_scenario(TEXT % more)), signals=False))


def test_one_service_has_its_figures_with_and_without_its_name() -> None:
    found = figures(played())
    assert found["my_web_requests"] == found["people_requests"] == found["requests"] == 540
    assert found["rejected"] == 540 - found["served"]
    assert found["rejected_ratio"] == pytest.approx(found["rejected"] / 540)
    # Each served request takes 0.5 s, and one instance serves one at a time.
    assert found["in_flight"] == pytest.approx(found["served"] * 0.5 / 180, rel=0.02)


def test_several_services_have_no_figures_without_a_name() -> None:
    found = figures(played("  other: {application: {simulated: {io: 1ms}}}"))
    assert "decisions" not in found
    assert (found["other_requests"], found["my_web_requests"]) == (0, 540)


def test_every_name_can_be_written_in_an_expression() -> None:
    assert [name for name in figures(played()) if not name.isidentifier()] == []


def test_the_highest_desired_count_is_that_of_the_decisions() -> None:
    report = played()
    service = report.services[0]
    highest = max((decision.desired for decision in service.decisions), default=service.min_size)
    assert figures(report)["desired_max"] == highest


def test_a_prefix_has_no_hyphen() -> None:
    assert prefix_of("my-web-app") == "my_web_app_"
