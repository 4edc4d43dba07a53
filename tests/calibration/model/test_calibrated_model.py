"""Values of a calibrated model."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from simulator.calibration.model.calibrated_model import ComparedFigure, ModelParameter
from simulator.model.sizes import InstanceSize
from tests.calibration.model.models import a_model


def test_a_value_lies_in_its_interval() -> None:
    with pytest.raises(ValidationError, match=r"value = 3\.0, must be from low = 1\.0 to high = 2\.0"):
        ModelParameter(name="workers", unit="", value=3, low=1, high=2, how="fitted")


def test_a_residual_is_in_standard_errors() -> None:
    figure = ComparedFigure(name="p50_s", measured=0.12, modelled=0.1, standard_error=0.01)
    assert figure.residual == pytest.approx(2.0)
    assert ComparedFigure(name="p50_s", measured=0.12, modelled=0.1, standard_error=0).residual is None


def test_parameters_are_found_by_name() -> None:
    assert a_model().parameter("workers").value == 8
    with pytest.raises(KeyError, match="threads"):
        a_model().parameter("threads")


def test_the_size_is_that_of_the_observation() -> None:
    assert a_model().size == InstanceSize(1024, 2048)
