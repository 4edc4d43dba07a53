"""Findings of a ground-truth case: when they pass."""

from __future__ import annotations

import pytest

from simulator.lab.validate.case import Finding, exact, relative


@pytest.mark.parametrize(("measured", "passed"), [(9.9, True), (10.1, True), (9.89, False), (10.2, False)])
def test_a_figure_passes_within_its_tolerance(measured: float, passed: bool) -> None:
    assert Finding("mean", 10.0, measured, 0.1 + 1e-12).passed is passed


def test_a_share_is_of_the_size_of_the_expected_value() -> None:
    finding = relative("loss", -4.0, -4.1, 0.05)
    assert (finding.tolerance, finding.passed) == (0.2, True)
    assert finding.error == pytest.approx(-0.1)
    assert str(finding) == "loss: -4.1, must be -4 +- 0.2"


@pytest.mark.parametrize(
    ("measured", "equal"), [([1, 2, 3], 3), ([1, 2, 4], 2), ([1, 2], -1), ([1, 2, 3, 4], -1), ([], -1)]
)
def test_a_sequence_must_match_in_every_step_and_in_length(measured: list[float], equal: int) -> None:
    (finding,) = exact("steps", [1, 2, 3], measured)
    assert (finding.expected, finding.measured) == (3, equal)
    assert finding.passed is (equal == 3)
