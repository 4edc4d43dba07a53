"""Verifies a model with metrics of the real service: the share of the minutes that are within the model's band.

Nothing is played live. The requests of every minute of the recording are played with the members of the model, on the
simulated platform with the settings of the service; the band of a minute has 95 % of the draws (`day_bands`).
"""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree as ET

import numpy as np
import orjson

from simulator.calibration.from_metrics.candidate_runs import MeteredService
from simulator.calibration.from_metrics.day_band import DRAWS, FigureBand, day_bands
from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.prediction.output import Row
from simulator.calibration.prediction.tables import WIDTH
from simulator.calibration.verification.verification import VERIFICATION_VERSION
from simulator.lab.minutes.service_minutes import MINUTE_S, ServiceMinutes
from simulator.model.text.quantities import count_text, ratio_text

INSIDE_DEFAULT: Final = 0.9
_NAMES: Final = {"latency_p50_s": "p50", "latency_p95_s": "p95", "cpu": "cpu"}
_HOUR: Final = 60  # minutes


@dataclass(frozen=True, slots=True, eq=False)
class MetricsVerification:
    """The result. `inside`: share of the minutes of each figure that must be within the band."""

    model: str
    service: str
    start_s: float
    minutes: int
    inside: float
    draws: int
    seed: int
    bands: tuple[FigureBand, ...]
    warnings: tuple[str, ...] = ()

    @property
    def judged(self) -> tuple[FigureBand, ...]:
        """The bands of figures that the metrics have."""
        return tuple(band for band in self.bands if band.judged)

    @property
    def failed(self) -> tuple[FigureBand, ...]:
        """The bands with too few minutes inside."""
        return tuple(band for band in self.judged if band.held < self.inside)

    @property
    def passed(self) -> bool:
        return bool(self.judged) and not self.failed


def verify_metrics(
    model: CalibratedModel,
    minutes: ServiceMinutes,
    service: MeteredService,
    *,
    fitted: ServiceMinutes | None = None,
    inside: float = INSIDE_DEFAULT,
    draws: int = DRAWS,
    seed: int = 1,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> MetricsVerification:
    """Compare the metrics of `minutes` with the model. `fitted`: see `day_bands`.

    Raises:
        ScenarioError: if the settings do not fit the model.
        BrokenRun: if a run failed.
    """
    sizes = f"{service.min_size}" + ("" if service.min_size == service.max_size else f" to {service.max_size}")
    return MetricsVerification(
        model=model.name,
        service=f"{sizes} instances of {service.size}, MaxConcurrency {service.max_concurrency}",
        start_s=minutes.start_s,
        minutes=len(minutes),
        inside=inside,
        draws=draws,
        seed=seed,
        bands=tuple(day_bands(model, fitted, minutes, service, seed=seed, draws=draws, tell=tell)),
        warnings=model.warnings,
    )


def metrics_lines(made: MetricsVerification) -> Iterator[str]:
    """Yield the text; the result is the first line."""
    failed = "; ".join(f"{_NAMES[band.name]} {ratio_text(band.held)}" for band in made.failed)
    if not made.judged:
        text = "Failed: the metrics have no minute that the model has too."
    elif made.passed:
        text = f"Passed: at least {ratio_text(made.inside)} of the minutes are within the band of each figure."
    else:
        text = f"Failed: less than {ratio_text(made.inside)} of the minutes are within the band: {failed}."
    yield from textwrap.wrap(text, WIDTH)
    yield from textwrap.wrap(
        f"{made.service}; {count_text(made.minutes)} minutes from {_time_text(made.start_s)}, each played with "
        f"{made.draws} models that the data allow.",
        WIDTH,
    )
    yield ""
    yield f"{'figure':<8}{'minutes':>9}{'inside':>10}{'above':>8}{'below':>8}  {'most outside':<20}{'widened':>9}"
    for band in made.bands:
        above, below = band.measured > band.high, band.measured < band.low
        verdict = "" if not band.judged else "  pass" if band.held >= made.inside else "  FAIL"
        held = ratio_text(band.held) if band.judged else "-"
        yield (
            f"{_NAMES[band.name]:<8}{count_text(band.judged):>9}{held:>10}{above.sum():>8}{below.sum():>8}  "
            f"{_worst_hour(made, above | below):<20}x {band.widened:>7.3f}{verdict}"
        )
    yield ""
    for warning in made.warnings:
        yield from textwrap.wrap(f"Warning: {warning}", WIDTH, subsequent_indent="  ")


def metrics_data(made: MetricsVerification) -> dict[str, Any]:
    """Return the content of the JSON file."""
    return {
        "verification_version": VERIFICATION_VERSION,
        "model": made.model,
        "service": made.service,
        "start": _time_text(made.start_s),
        "minutes": made.minutes,
        "inside": made.inside,
        "draws": made.draws,
        "seed": made.seed,
        "passed": made.passed,
        "figures": {
            _NAMES[band.name]: {
                "minutes": band.judged,
                "inside": band.held if band.judged else None,
                "widened": band.widened,
                "passed": band.held >= made.inside if band.judged else None,
            }
            for band in made.bands
        },
        "warnings": list(made.warnings),
    }


def metrics_json(made: MetricsVerification) -> str:
    """Return the text of the JSON file."""
    return orjson.dumps(metrics_data(made), option=orjson.OPT_INDENT_2).decode() + "\n"


def metrics_rows(made: MetricsVerification) -> list[Row]:
    """Return a row for each minute and figure."""
    return [
        {
            "time": _time_text(made.start_s + minute * MINUTE_S),
            "figure": _NAMES[band.name],
            "low": _known(band.low[minute]),
            "high": _known(band.high[minute]),
            "measured": _known(band.measured[minute]),
            "inside": bool(band.low[minute] <= band.measured[minute] <= band.high[minute]),
        }
        for minute in range(made.minutes)
        for band in made.bands
    ]


def metrics_junit(made: MetricsVerification) -> str:
    """Return a JUnit report with a test case for each figure."""
    suite = ET.Element(
        "testsuite",
        name=f"verify {made.model}",
        tests=str(len(made.judged)),
        failures=str(len(made.failed)),
        errors="0",
    )
    for band in made.judged:
        case = ET.SubElement(suite, "testcase", classname=made.model, name=f"{_NAMES[band.name]} of the minutes")
        if band in made.failed:
            message = f"{ratio_text(band.held)} of the minutes are inside, {ratio_text(made.inside)} are needed"
            ET.SubElement(case, "failure", message=message)
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _worst_hour(made: MetricsVerification, outside: Any) -> str:
    """Return the hour in which most minutes are outside, and how many."""
    if not outside.any():
        return ""
    clock = (np.arange(len(outside)) + int(made.start_s // MINUTE_S)) // _HOUR
    hours, counts = np.unique(clock[outside], return_counts=True)
    most = int(np.argmax(counts))
    at = dt.datetime.fromtimestamp(float(hours[most]) * _HOUR * MINUTE_S, dt.UTC)
    return f"{at:%m-%d %H}:00 ({counts[most]})"


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _time_text(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat().replace("+00:00", "Z")
