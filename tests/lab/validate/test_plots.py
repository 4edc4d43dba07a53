"""The plots of validation: one for each platform, with the same bytes for the same results."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject
from simulator.lab.validate.plots import draw, error_in_tolerances, file_name
from simulator.lab.validate.validate import CaseResult

pytest.importorskip("matplotlib")


def result(subject: Subject, number: str, *curves: Curve) -> CaseResult:
    findings = (Finding("a", 1, 1.1, 0.2),)
    case = Case(number, "a case", "source", lambda: findings, subject, Evidence.MEASUREMENT, "2026", "A set-up.")
    return CaseResult(case, findings, curves)


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (Finding("inside", 10, 11, 2), 0.5),
        (Finding("below", 10, 9, 2), -0.5),
        (Finding("a miss is clipped", 10, 20, 2), 1.5),
        (Finding("exact", 4, 4), 0.0),
        (Finding("an exact figure that misses", 4, 3), -1.5),
    ],
)
def test_an_error_is_in_units_of_its_tolerance(finding: Finding, expected: float) -> None:
    assert error_in_tolerances(finding) == expected


def test_each_platform_has_a_plot_with_its_curves_and_its_cases(tmp_path: Path) -> None:
    curve = Curve("Replicas", "hours", "replicas", ((0, 1), (1, 2)), ((0, 1), (1, 3)), steps=True)
    results = [result(Subject.ECS, "V1", curve), result(Subject.KNATIVE, "20")]
    paths = {subject: tmp_path / file_name(subject) for subject in (Subject.ECS, Subject.KNATIVE)}
    draw(results, paths)
    ecs, knative = (path.read_text(encoding="utf-8") for path in paths.values())
    texts = re.findall(r"<!-- (.+?) -->", ecs)
    assert {"Amazon ECS", "Replicas", "published", "simulated", "hours", "V1"} <= set(texts)
    assert "Replicas" not in knative
    draw(results, paths)
    assert paths[Subject.ECS].read_text(encoding="utf-8") == ecs
