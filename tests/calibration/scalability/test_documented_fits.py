"""The table of public data sets in the documentation has the figures of the fits."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import curve_fit

from simulator.calibration.scalability.capacity_file import MeasuredCapacity
from simulator.calibration.scalability.scalability_fit import ScalabilityFit, fit_scalability
from simulator.lab.scalability.law import Floats
from simulator.lab.validate.measured.scalability import RAY_TRACER, SPEC_SDM91, DataSet, measured

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "calibrate-your-service.md"


def law(loads: Floats, rate: float, contention: float, coherency: float) -> Floats:
    found: Floats = rate * loads / (1 + contention * (loads - 1) + coherency * loads * (loads - 1))
    return found


def plain(loads: Floats, throughputs: Floats) -> Floats:
    found, _ = curve_fit(law, loads, throughputs, p0=[throughputs[0], 0.01, 1e-4], maxfev=20_000)
    return np.asarray(found)


def ours(loads: Floats, throughputs: Floats) -> ScalabilityFit:
    return fit_scalability(MeasuredCapacity("capacity.csv", "N", loads, throughputs))


def left_out(data: DataSet, *, is_plain: bool) -> str:
    """Return the median and the largest error of predictions of each load from the others."""
    loads, throughputs = measured(data)
    errors = []
    for place in range(len(loads)):
        rest = np.arange(len(loads)) != place
        coefficients = (
            plain(loads[rest], throughputs[rest])
            if is_plain
            else np.array(ours(loads[rest], throughputs[rest]).chosen.law)
        )
        errors.append(abs(float(law(loads[place : place + 1], *coefficients)[0]) / throughputs[place] - 1))
    return f"{np.median(errors):.0%}, {max(errors):.0%}".replace("%", " %")


def largest(data: DataSet, coefficients: Floats) -> str:
    loads, throughputs = measured(data)
    return f"{np.abs(law(loads, *coefficients) / throughputs - 1).max():.0%}".replace("%", " %")


def documented(title: str) -> list[list[str]]:
    """Return the cells of the two rows of a data set."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(f"| {title}"))
    return [[cell.strip() for cell in line.strip("|").split("|")][1:] for line in lines[first : first + 2]]


@pytest.mark.parametrize(("data", "title"), [(SPEC_SDM91, "SPEC SDM91"), (RAY_TRACER, "ray tracer")])
def test_the_coefficients_are_those_of_the_fits(data: DataSet, title: str) -> None:
    first, second = documented(title)
    of_plain, found = plain(*measured(data)), ours(*measured(data))

    peak = math.sqrt((1 - of_plain[1]) / of_plain[2]) if of_plain[2] > 0 else math.nan
    expected = [f"{of_plain[0]:.1f}", f"{of_plain[1]:.3g}", f"{of_plain[2]:.3g}"]
    assert first[:4] == ["plain", *expected]
    assert first[4] == ("none" if math.isnan(peak) else f"{peak:.3g}")
    assert first[5] == largest(data, of_plain)
    for cell, value, between in zip(second[1:4], found.chosen.law, found.ranges[:3], strict=True):
        assert cell == f"{value:.3g} ({between.low:.3g} to {between.high:.3g})"
    peaks = found.ranges.peak_load
    shown = f"{peaks.low:.3g} to {peaks.high:.3g}" if math.isfinite(peaks.high) else f"{peaks.low:.3g} or more"
    load = found.chosen.law.peak_load
    assert second[4] == f"{f'{load:.3g}' if math.isfinite(load) else 'none'} ({shown})"
    assert second[5] == largest(data, np.array(found.chosen.law))


@pytest.mark.slow
@pytest.mark.parametrize(("data", "title"), [(SPEC_SDM91, "SPEC SDM91"), (RAY_TRACER, "ray tracer")])
def test_the_predictions_of_loads_left_out_are_those_of_the_fits(data: DataSet, title: str) -> None:
    first, second = documented(title)

    assert first[6] == left_out(data, is_plain=True)
    assert second[6] == left_out(data, is_plain=False)
