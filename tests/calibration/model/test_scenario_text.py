"""The scenario of a calibrated model: a valid file with the model's application, and its intervals as comments."""

from __future__ import annotations

import pytest

from simulator.calibration.model.calibrated_model import ModelParameter
from simulator.calibration.model.scenario_text import parameter_text, scenario_text, time_text
from simulator.scenario.scenario import read_scenario
from simulator.scenario.sections.application_spec import ApplicationSpec
from tests.calibration.model.models import APPLICATION, a_model


def test_the_scenario_has_the_application_and_the_mix_of_the_model() -> None:
    scenario = read_scenario(scenario_text(a_model(), "shop.model.json"), file="shop.yaml")
    assert scenario.services["shop"].application == ApplicationSpec.model_validate(APPLICATION)
    assert [request.path for request in scenario.traffic[0].requests] == ["/", "/items/{id}"]
    assert scenario.traffic[0].requests[1].response_size_bytes == 2048
    assert scenario.traffic[0].poisson is not None
    assert scenario.traffic[0].poisson.rate_rps == pytest.approx(45)
    assert scenario.services["shop"].size.vcpu == 1


def test_each_parameter_has_a_comment_above_its_key() -> None:
    lines = [line.strip() for line in scenario_text(a_model(), "shop.model.json").splitlines()]
    assert lines[lines.index("cpu: 15ms") - 1] == "# mean CPU time: 15 ms (14.7 ms to 15.4 ms), fitted."
    assert "# workers: unknown, 8 or more; the model has 8. Load never exceeded 40 % of capacity." in lines
    item = lines.index('"/items/{id}":')
    assert lines[item + 1] == "# mean CPU time of GET /items/{id}: 5 ms (4 ms to 6 ms), fitted."
    assert "# Unknown: The worker limit is unknown, 8 or more." in lines
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"unit": "share", "value": 0.02, "low": 0.01, "high": 0.03}, "x: 2 % (1 % to 3 %), measured."),
        ({"unit": "bytes", "value": 2 * 1024**2, "low": None, "high": None}, "x: 2 MB."),
        ({"unit": "s", "value": 1.5, "low": 1.2, "high": None}, "x: 1.5 s (1.2 s or more), measured."),
        ({"unit": "", "value": None, "low": 50, "high": None}, "x: no limit (50 or more), measured."),
    ],
)
def test_a_parameter_as_text(fields: dict[str, object], text: str) -> None:
    assert parameter_text(ModelParameter.model_validate({"name": "x", "how": "measured", **fields})) == text


def test_times_have_six_digits_and_no_exponent() -> None:
    assert [time_text(s) for s in (0, 0.0123456789, 1e-9, 12.5)] == ["0ms", "12.3457ms", "0.000001ms", "12500ms"]
