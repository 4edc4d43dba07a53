"""Upper bounds of signals: the high quantile of the work equals that of numpy."""

import numpy as np
import pytest

from simulator.traffic.signal_levels import _QUANTILE, _high
from simulator.world.random_streams import RandomStreams


@pytest.mark.parametrize("size", [3, 101, 2000])
def test_the_high_quantile_is_that_of_numpy(size: int) -> None:
    values = RandomStreams(3).stream("test").exponential(size=size)
    assert _high(values) == pytest.approx(float(np.quantile(values, _QUANTILE)), rel=1e-12)
