from __future__ import annotations

import pytest

from simulator.calibration.prediction.settings import PredictedService, parse_rates, parse_size
from simulator.model.sizes import InstanceSize


@pytest.mark.parametrize("text", ["1 vCPU 2 GB", "1 vcpu / 2 gb", "1vCPU, 2GB", "1024 2048", "1 2"])
def test_a_size_is_vcpus_and_memory(text: str) -> None:
    assert parse_size(text) == InstanceSize(1024, 2048)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("large", "must be vCPUs and memory"), ("3 vCPU 2 GB", "must be one of 0.25"), ("1 vCPU 8 GB", "must be 2 GB, 3")],
)
def test_a_size_that_app_runner_does_not_offer_is_named(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        parse_size(text)


def test_rates_are_per_second_without_a_unit() -> None:
    assert parse_rates("60, 2.5,6000/min") == (60.0, 2.5, 100.0)


@pytest.mark.parametrize("text", ["", "0", "-3", "60,60", "60,many", "1e9", "nan"])
def test_rates_that_cannot_be_played_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="rate = "):
        parse_rates(text)


def test_the_number_of_instances_is_fixed_or_scales() -> None:
    assert PredictedService(instances=3).sizes == (3, 3)
    assert PredictedService(max_size=7).sizes == (1, 7)
    assert PredictedService(min_size=2, max_size=7, max_concurrency=20).text(InstanceSize()) == (
        "2 to 7 instances of 1 vCPU / 2 GB, MaxConcurrency 20"
    )
    with pytest.raises(ValueError, match="min_size = 2, must come with max_size"):
        PredictedService(min_size=2)
    with pytest.raises(ValueError, match="max_size = 2, must be at least min_size = 3"):
        PredictedService(min_size=3, max_size=2)
    with pytest.raises(ValueError, match="warm_up = 60 s, must be below the duration"):
        PredictedService(warm_up_s=60)
