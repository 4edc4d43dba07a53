"""The whole platform compared with an independent simulator: the models of `benchmarks.virtual` with fewer requests."""

from __future__ import annotations

import dataclasses

import pytest

from benchmarks.virtual import MODELS, Model, play_here, play_simpy, require_same

REQUESTS = 3_000  # at a load of 0.8 hundreds of them find all servers busy, which is where the two could differ


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_platform_and_simpy_agree_on_the_same_arrivals_and_work(model: Model) -> None:
    scenario = model.scenario(REQUESTS, seed=5)
    require_same(model, play_here(scenario), play_simpy(model, scenario))


def test_the_comparison_notices_another_service_time() -> None:
    model = MODELS[0]
    scenario = model.scenario(REQUESTS, seed=5)
    slower = dataclasses.replace(model, mean_work_s=model.mean_work_s * 1.001)
    with pytest.raises(ValueError, match="must be SimPy's"):
        require_same(model, play_here(scenario), play_simpy(slower, scenario))
