"""The text, the JSON file, the rows and the JUnit report of a verification."""

from __future__ import annotations

import dataclasses
from xml.etree import ElementTree as ET

import orjson
import pytest

from simulator.calibration.prediction.interval import PredictedFigure
from simulator.calibration.prediction.runs import RunFigures
from simulator.calibration.prediction.tables import WIDTH
from simulator.calibration.verification.bounds import parse_bounds
from simulator.calibration.verification.live_load import MeasuredLoad
from simulator.calibration.verification.output import junit_xml, verification_data, verification_rows
from simulator.calibration.verification.tables import verification_lines
from simulator.calibration.verification.verification import ComparedLoadFigure, Verification, VerifiedLoad

P50, P95 = parse_bounds("p50 5 %, p95 inside")
FIGURES = (
    ComparedLoadFigure("p50", PredictedFigure(0.044, 0.040, 0.047), (0.041, 0.040, 0.039), P50),
    ComparedLoadFigure(
        "p95",
        PredictedFigure(0.100, 0.090, 0.125),
        (0.091, 0.110, 0.120),
        P95,
        any_arrivals=PredictedFigure(0.110, 0.080, 0.150),
    ),
    ComparedLoadFigure("error_rate", PredictedFigure(0.02, 0.01, 0.03), (0.0, 0.0, 0.0), None),
    ComparedLoadFigure("cpu", None, (None, None, None), None),
)
RUN = MeasuredLoad(RunFigures(0.04, 0.1, 0.2, 0.0, None, None, 60.0, 0.0), 1080, 0.0123, 3.25, 0.0)
VERIFICATION = Verification(
    model="shop",
    target="command ./shop",
    service="1 instance of 1 vCPU / 2 GB, MaxConcurrency 200",
    bounds=(P50, P95),
    duration_s=20,
    warm_up_s=2,
    repeats=3,
    seed=1,
    loads=(VerifiedLoad(60.0, FIGURES, (RUN,) * 3, ("rate",)),),
    warnings=("the load client was late at 60.0/s",),
)


def test_the_text_has_the_result_first_and_each_figure_beside_its_prediction() -> None:
    lines = verification_lines(VERIFICATION)
    assert " ".join(line.strip() for line in lines[:2]) == (
        "Failed: 1 of 2 figures are outside the bounds: p50 at 60.0/s is predicted +10 % off (5 %)."
    )
    assert max(map(len, lines)) <= WIDTH
    assert "   60.0/s  p50        44.0 ms (40.0 to 47.0)     40.0 ms         +10 %  FAIL" in lines
    assert "           p95        100 ms (90.0 to 125)       110 ms         -9.1 %  pass" in lines
    assert "           error_rate 2.00 % (1.00 to 3.00)      0 %           +2.0 pp" in lines
    assert "           cpu        -                          -                   -" in lines
    circumstances = next(line for line in lines if "client late by 12.3 ms" in line)
    assert circumstances.startswith("60.0/s: ")
    assert "With other arrivals of the rate: 60.0/s p95 110 ms (80.0 to 150)." in " ".join(map(str.strip, lines))
    passed = dataclasses.replace(VERIFICATION, loads=(VerifiedLoad(60.0, FIGURES[1:], (RUN,)),))
    assert verification_lines(passed)[0] == "Passed: 1 of 1 figures are within the bounds."


def test_json_and_rows_have_the_same_figures() -> None:
    data = orjson.loads(orjson.dumps(verification_data(VERIFICATION)))
    assert (data["passed"], data["bounds"]) == (False, ["p50 5 %", "p95 inside"])
    (load,) = data["loads"]
    rows = verification_rows(VERIFICATION)
    assert [row["figure"] for row in rows] == list(load["figures"]) == ["p50", "p95", "error_rate", "cpu"]
    for row in rows:
        figure = load["figures"][row["figure"]]
        assert (row["measured"], row["error"], row["passed"]) == (figure["measured"], figure["error"], figure["passed"])
        given = figure["any_arrivals"] or {"value": None, "low": None, "high": None}
        assert [row[f"any_arrivals{end}"] for end in ("", "_low", "_high")] == [
            given[key] for key in ("value", "low", "high")
        ]
    assert load["figures"]["p50"]["error"] == pytest.approx(0.1)
    assert load["runs"][0] == {"requests": 1080, "late_p99_s": 0.0123, "load_average": 3.25, "stolen_share": 0.0}


def test_the_junit_report_has_a_case_for_each_bound() -> None:
    suite = ET.fromstring(junit_xml(VERIFICATION))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    cases = {case.get("name"): case.find("failure") for case in suite}
    failure = cases["p50 at 60/s"]
    assert failure is not None
    assert failure.get("message") == "measured 0.04, predicted 0.044 (0.04 to 0.047); bound p50 5 %"
    assert cases["p95 at 60/s"] is None
