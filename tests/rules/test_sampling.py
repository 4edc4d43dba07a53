"""Head sampling, by OpenTelemetry's rules."""

from __future__ import annotations

import pytest

from simulator.rules.sampling import Sampling
from simulator.world.random_streams import RandomStreams


def test_a_ratio_samples_that_share_and_a_higher_one_a_superset() -> None:
    ids = [int.from_bytes(RandomStreams(1).stream(number).bytes(16), "big") for number in range(4000)]
    low, high = Sampling(0.1), Sampling(0.3)
    taken = {each for each in ids if low.takes(each, None)}
    # 400 of 4,000 are expected, with a standard deviation of 19; the tolerance is five of them.
    assert 305 <= len(taken) <= 495
    assert taken <= {each for each in ids if high.takes(each, None)}


@pytest.mark.parametrize("trace_id", [1, 2**64 - 1, 2**128 - 1, 2**64])
def test_a_ratio_of_zero_samples_nothing_and_of_one_everything(trace_id: int) -> None:
    assert not Sampling(0.0).takes(trace_id, None)
    assert Sampling(1.0).takes(trace_id, None)


def test_the_decision_of_the_caller_applies_if_the_sampler_is_parent_based() -> None:
    assert Sampling(0.0).takes(1, True)
    assert not Sampling(1.0).takes(1, False)
    assert not Sampling(0.0, parent_based=False).takes(1, True)
    assert Sampling(1.0, parent_based=False).takes(1, False)


@pytest.mark.parametrize("ratio", [-0.1, 1.1, float("nan")])
def test_a_ratio_is_from_0_to_1(ratio: float) -> None:
    with pytest.raises(ValueError, match="must be from 0 to 1"):
        Sampling(ratio)
