from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from simulator.calibration.fitting.fit_stage import NotCalibrated, fit_stages, left_out
from simulator.calibration.observing.observed_service import RouteLoad
from simulator.calibration.observing.virtual import observe_virtually
from simulator.model.sizes import InstanceSize


def test_stages_that_cannot_be_fitted_for_one_reason_are_told_together() -> None:
    made = observe_virtually(
        {"simulated": {"io": "5ms"}}, InstanceSize(), (RouteLoad(),), 1, rates=(20, 40), level_s=4, wakes=False
    )
    assert len(fit_stages([made])) == 2
    late = tuple(
        dataclasses.replace(load, requests=dataclasses.replace(load.requests, late_s=np.full(len(load.requests), 0.05)))
        for load in made.loads
    )
    with pytest.raises(NotCalibrated) as refused:
        fit_stages([dataclasses.replace(made, loads=late)])
    assert str(refused.value) == (
        "no load stage can be fitted: stages 1, 2: each has arrivals that were not those intended, because the load "
        "client was late. Observe again while the machine is quiet"
    )
    (both,) = left_out([dataclasses.replace(made, loads=late)])
    assert both == (
        "Stages 1 (20/s), 2 (40/s) were left out: each has arrivals that were not those intended, because the load "
        "client was late."
    )
    (one,) = left_out([dataclasses.replace(made, loads=(made.loads[0], late[1]))])
    assert one.startswith("Stage 2 (40/s) was left out: it has arrivals")
