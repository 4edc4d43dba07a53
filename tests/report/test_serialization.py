"""The report as bytes: digits, lines, and the content of its digest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.report.serialization import digest_of, report_json, sealed
from simulator.scenario.scenario import read_scenario

TEXT = """
duration: 30s
services: {web: {application: {simulated: {io: 10ms}}}}
traffic: [{poisson: {rate: 3/s}}]
"""


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report(play(Run(read_scenario(TEXT)), signals=False))


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in numbers(item)]
    return [value] if isinstance(value, float) else []


def test_numbers_have_nine_digits_at_most(report: Report) -> None:
    found = numbers(json.loads(report_json(report)))
    assert found
    assert [number for number in found if float(f"{number:.9g}") != number] == []


def test_a_list_of_plain_values_is_one_line_and_a_field_has_its_own(report: Report) -> None:
    lines = report_json(report).splitlines()
    (offered,) = [line for line in lines if line.strip().startswith('"offered": [')]
    assert offered.rstrip(",").endswith("]")
    assert report_json(report).endswith("}\n")


def test_the_digest_covers_figures_and_not_versions_or_notes(report: Report) -> None:
    same = report.model_copy(update={"digest": "x", "versions": {}, "notes": []})
    assert digest_of(same) == digest_of(report)
    assert digest_of(report.model_copy(update={"month_usd": report.month_usd + 1})) != digest_of(report)


def test_a_sealed_report_has_its_own_digest(report: Report) -> None:
    again = sealed(report.model_copy(update={"digest": ""}))
    assert again.digest == digest_of(report)
    assert len(again.digest) == 64
