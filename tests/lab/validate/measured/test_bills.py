"""The published bills by the arithmetic of the validation sheet."""

from __future__ import annotations

import pytest

from simulator.lab.validate.measured.bills import app_runner, app_runner_usd, cloud_run, cloud_run_usd


def test_the_bills_are_hours_times_rates() -> None:
    assert app_runner_usd(2) == pytest.approx(60 * 0.081 + 1440 * 0.009)
    assert app_runner_usd(24) == pytest.approx(720 * 0.081 + 1440 * 0.009)
    assert cloud_run_usd(2) == pytest.approx((216_000 - 180_000) * 0.000024 + (432_000 - 360_000) * 0.0000025)


def test_the_published_bills_agree() -> None:
    assert all(finding.passed for finding in [*app_runner(), *cloud_run()])
