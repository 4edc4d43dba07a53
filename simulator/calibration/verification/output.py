"""A verification as JSON, as rows of a table, and as a JUnit report, which CI systems show."""

from __future__ import annotations

import dataclasses
import math
from typing import Any
from xml.etree import ElementTree as ET

import orjson

from simulator.calibration.prediction.interval import PredictedFigure
from simulator.calibration.prediction.output import Row
from simulator.calibration.verification.verification import (
    VERIFICATION_VERSION,
    ComparedLoadFigure,
    Verification,
    VerifiedLoad,
)


def verification_data(verification: Verification) -> dict[str, Any]:
    """Return the content of the JSON file."""
    return {
        "verification_version": VERIFICATION_VERSION,
        "model": verification.model,
        "target": verification.target,
        "service": verification.service,
        "bounds": [str(bound) for bound in verification.bounds],
        "duration_s": verification.duration_s,
        "warm_up_s": verification.warm_up_s,
        "repeats": verification.repeats,
        "seed": verification.seed,
        "passed": verification.passed,
        "loads": [_load_data(load) for load in verification.loads],
        "warnings": list(verification.warnings),
    }


def verification_json(verification: Verification) -> str:
    """Return the text of the JSON file."""
    return orjson.dumps(verification_data(verification), option=orjson.OPT_INDENT_2).decode() + "\n"


def verification_rows(verification: Verification) -> list[Row]:
    """Return a row for each figure of each rate."""
    return [
        {
            "rate_rps": load.rate_rps,
            "figure": figure.name,
            "predicted": None if figure.predicted is None else figure.predicted.value,
            "predicted_low": None if figure.predicted is None else figure.predicted.low,
            "predicted_high": None if figure.predicted is None else figure.predicted.high,
            "any_arrivals": None if figure.any_arrivals is None else figure.any_arrivals.value,
            "any_arrivals_low": None if figure.any_arrivals is None else figure.any_arrivals.low,
            "any_arrivals_high": None if figure.any_arrivals is None else figure.any_arrivals.high,
            "measured": figure.measured,
            "error": _finite(figure.error),
            "inside": figure.is_inside,
            "bound": "" if figure.bound is None else str(figure.bound),
            "passed": figure.passed,
        }
        for load in verification.loads
        for figure in load.figures
    ]


def junit_xml(verification: Verification) -> str:
    """Return a JUnit report with a test case for each figure that has a bound."""
    judged, failed = verification.judged, verification.failed
    suite = ET.Element(
        "testsuite", name=f"verify {verification.model}", tests=str(len(judged)), failures=str(len(failed)), errors="0"
    )
    for load, figure in judged:
        case = ET.SubElement(suite, "testcase", classname=verification.model, name=_case_name(load, figure))
        if not figure.passed:
            ET.SubElement(case, "failure", message=_failure(figure))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _case_name(load: VerifiedLoad, figure: ComparedLoadFigure) -> str:
    return f"{figure.name} at {load.rate_rps:g}/s"


def _failure(figure: ComparedLoadFigure) -> str:
    if figure.predicted is None or figure.measured is None:
        return "there is nothing to compare"
    told = figure.predicted
    return (
        f"measured {figure.measured:.6g}, predicted {told.value:.6g} ({told.low:.6g} to {told.high:.6g}); "
        f"bound {figure.bound}"
    )


def _load_data(load: VerifiedLoad) -> dict[str, Any]:
    return {
        "rate_rps": load.rate_rps,
        "beyond": list(load.beyond),
        "figures": {
            figure.name: {
                "predicted": _predicted(figure.predicted),
                "any_arrivals": _predicted(figure.any_arrivals),
                "measured": figure.measured,
                "values": list(figure.values),
                "error": _finite(figure.error),
                "inside": figure.is_inside,
                "bound": None if figure.bound is None else str(figure.bound),
                "passed": figure.passed,
            }
            for figure in load.figures
        },
        "runs": [
            {
                "requests": run.requests,
                "late_p99_s": run.late_p99_s,
                "load_average": _finite(run.load),
                "stolen_share": _finite(run.stolen),
            }
            for run in load.runs
        ],
    }


def _predicted(figure: PredictedFigure | None) -> dict[str, Any] | None:
    return None if figure is None else dataclasses.asdict(figure)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
