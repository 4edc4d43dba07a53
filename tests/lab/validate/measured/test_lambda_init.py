"""Case V16: what it computes from the recording, by another way, and what of the recording the law has not seen."""

from __future__ import annotations

import statistics
from typing import get_args

import pytest

from simulator.lab.validate.case import FindingVerdict
from simulator.lab.validate.ground_truth import rows
from simulator.lab.validate.measured import lambda_init
from simulator.lab.validate.measured.lambda_init import Configuration
from simulator.rules.policies.aws.lambda_init import Package, Runtime, init_law

ONE_DAY = "lambda_perf/lambda_init_2026-08-22.csv"
DAYS = "lambda_perf/lambda_init_daily_medians_2024_2026.csv"


def fitted_ms(runtime: str, package: str, architecture: str) -> list[float]:
    """Return the starts of a runtime that the law was fitted to."""
    return [
        float(row[f"init_ms_{number}"])
        for row in rows(ONE_DAY)
        if (row["runtime"], row["package"], row["arch"]) == (runtime, package, architecture)
        and row["memory_mb"] in {"128", "512"}
        for number in range(1, 11)
        if row[f"init_ms_{number}"]
    ]


@pytest.mark.parametrize("package", get_args(Package))
@pytest.mark.parametrize(("runtime", "recorded"), [("nodejs22.x", "nodejs22.x"), ("rust", "rust (prov.al2023)")])
def test_the_laws_median_is_that_of_the_starts_that_the_case_leaves_out(
    runtime: Runtime, recorded: str, package: Package
) -> None:
    median_ms = statistics.median(fitted_ms(recorded, package, "arm64"))
    assert init_law(runtime, package, "arm64").median_s * 1000 == pytest.approx(median_ms, abs=0.5)


def test_the_judging_starts_are_those_of_the_other_half() -> None:
    judged = lambda_init.published()[Configuration("java21", "zip", "x86_64")]
    both = [
        float(row[f"init_ms_{number}"])
        for row in rows(ONE_DAY)
        if (row["runtime"], row["package"], row["arch"]) == ("java21", "zip", "x86_64")
        for number in range(1, 11)
    ]
    fitted = fitted_ms("java21", "zip", "x86_64")
    assert sorted([*(1000 * value for value in judged), *fitted]) == pytest.approx(sorted(both))


def test_every_runtime_of_the_law_is_in_the_recording_with_both_packages() -> None:
    keys = lambda_init.published().keys()
    assert set(keys) == {key for package in get_args(Package) for key in lambda_init.configurations(package)}


def test_the_judging_days_begin_where_the_fitted_ones_end() -> None:
    table = rows(DAYS)
    assert len(table) == 286
    (days,) = (days for key, days in lambda_init.published_days().items() if key[:2] == ("python3.12", "zip"))
    assert [1000 * value for value in days] == [float(row["python3.12 zip"]) for row in table[143:]]


def test_the_day_effect_is_that_of_the_first_half_of_the_days_without_chance() -> None:
    """The variance of a day's median is that of the day's factor and that of the median of ten starts."""
    table = rows(DAYS)
    for package, by_chance in (("zip", 0.025), ("image", 0.067)):
        variances = []
        for name in (name for name in table[0] if name.endswith(package)):
            medians = [float(row[name]) for row in table if row[name]]
            first = medians[: len(medians) // 2]
            centre = statistics.geometric_mean(first)
            variances.append(statistics.fmean((day / centre - 1) ** 2 for day in first))
        law = init_law("python3.12", "zip" if package == "zip" else "image")
        assert law.day_sd == pytest.approx((statistics.fmean(variances) - by_chance**2) ** 0.5, rel=0.1)


def test_all_figures_but_one_are_within_their_tolerance() -> None:
    found = lambda_init.init_times()
    assert len(found) == 34
    assert [str(one) for one in found if one.verdict is FindingVerdict.MISS] == []
    assert [one.figure for one in found if not one.passed] == ["nodejs20.x image: median day, s"]


def test_a_law_that_is_a_fifth_too_slow_would_be_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = {key: [1.2 * value for value in values] for key, values in lambda_init.simulated().items()}
    monkeypatch.setattr(lambda_init, "simulated", lambda: slow)
    missed = [one.figure for one in lambda_init.over_configurations() if not one.passed]
    assert sum("all runtimes" in figure for figure in missed) == 12
