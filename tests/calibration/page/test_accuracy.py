from __future__ import annotations

import pytest

from simulator.calibration.model.calibrated_model import GoodnessOfFit
from simulator.calibration.page.accuracy import accuracies, accuracy_text, goodness_text
from tests.calibration.page.calibrations import calibrated


def test_differences_are_shares_of_the_measured_values_of_all_requests() -> None:
    by_title = {each.title: each for each in accuracies(calibrated(off=2.0))}

    p95 = by_title["p95"]
    assert p95.stages == 6
    # the measured values are 6 % above and below the model in turn
    assert p95.worst_share == pytest.approx(0.06 / 0.94)
    assert p95.median_share == pytest.approx((0.06 / 0.94 + 0.06 / 1.06) / 2)
    assert accuracy_text(p95) == "p95: 6.0\u00a0% (median of 6 stages), at most 6.4\u00a0% (at 80.0/s)"


@pytest.mark.parametrize(
    ("goodness", "text"),
    [
        (None, "This method of calibration has no test of the fit."),
        (GoodnessOfFit(chi_square=3, degrees_of_freedom=0, p_value=None), "nothing is left to test the fit."),
        (
            GoodnessOfFit(chi_square=38.2, degrees_of_freedom=34, p_value=0.28),
            "no more than chance explains: chi-square",
        ),
        (GoodnessOfFit(chi_square=99, degrees_of_freedom=34, p_value=1e-7), "by more than chance: chi-square 99"),
    ],
)
def test_the_test_of_the_fit_is_a_sentence(goodness: GoodnessOfFit | None, text: str) -> None:
    assert text in goodness_text(goodness)
