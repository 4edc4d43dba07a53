from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from simulator.calibration.model.calibrated_model import ModelParameter, ObservedRange, StartUpStage
from simulator.calibration.page.curves import load_curve
from simulator.calibration.page.next_measurement import explained_share, next_measurement
from simulator.world.random_streams import RandomStreams
from tests.calibration.page.calibrations import calibrated, drawn_curve
from tests.calibration.prediction.service_models import model_of


def left_out_share(shown: np.ndarray, targets: np.ndarray) -> float:
    """Fit without each member in turn, and predict it: the definition that the code's formula shortens."""
    errors, without = [], []
    for place in range(len(targets)):
        others = np.arange(len(targets)) != place
        weights, *_ = np.linalg.lstsq(np.c_[np.ones(others.sum()), shown[others]], targets[others], rcond=None)
        errors.append(targets[place] - np.r_[1, shown[place]] @ weights)
        without.append(targets[place] - targets[others].mean())
    return float(1 - np.square(errors).sum() / np.square(without).sum())


def test_the_explained_share_is_that_of_members_that_are_left_out() -> None:
    stream = RandomStreams(1).stream("members")
    shown = stream.normal(size=(30, 3))
    targets = shown[:, :1] @ np.array([[2.0, 1.0]]) + stream.normal(size=(30, 2))

    # the ridge shrinks by less than a hundredth
    assert explained_share(shown, targets) == pytest.approx(left_out_share(shown, targets), abs=0.01)


def test_figures_without_information_explain_nothing() -> None:
    stream = RandomStreams(2).stream("members")

    assert explained_share(stream.normal(size=(30, 4)), stream.normal(size=(30, 2))) < 0.1
    assert explained_share(np.ones((30, 4)), stream.normal(size=(30, 2))) < 0.01
    assert explained_share(stream.normal(size=(30, 4)), np.ones((30, 2))) == 0.0


def test_a_model_without_members_says_so_and_repeated_starts_are_counted() -> None:
    model = calibrated()
    # an interval of 40 % of the median: half of it needs four times the starts
    found = next_measurement(model.model_copy(update={"members": ()}), drawn_curve(model))

    assert found.stages == ()
    assert any("has no members" in sentence for sentence in found.sentences)
    (starts,) = (sentence for sentence in found.sentences if sentence.startswith("Repeat"))
    assert starts.startswith("Repeat the start 15 times")
    assert "that of 20 would be 20\u00a0%" in starts

    known = StartUpStage(name="total", count=5, median_s=1.0, low_s=0.95, high_s=1.05)
    exact = model.model_copy(update={"members": (), "start_up": (known,)})
    assert not any("Repeat" in sentence for sentence in next_measurement(exact, drawn_curve(exact)).sentences)


@pytest.mark.slow
def test_an_unknown_worker_limit_is_to_be_measured_at_the_load_at_which_workers_run_out() -> None:
    """8 to 40 workers with 100 ms of I/O each are 80/s to 400/s. Below 80/s all members behave alike."""
    members = [{"start_up": "0ms", "io": "100ms", "workers": 8 + 2 * each} for each in range(16)]
    workers = ModelParameter(
        name="workers", unit="", value=16, low=8, high=38, how="unknown", key=("simulated", "workers")
    )
    observed = ObservedRange(rate_max_rps=60)
    model = model_of(members[4], members, [workers], observed)

    curve = load_curve(model)
    found = next_measurement(model, dataclasses.replace(curve, is_compiled=False))

    assert found.stages[0].rate_rps > 100
    assert found.stages[0].narrowing > 0.3
    assert min(found.stages, key=lambda each: each.rate_rps).narrowing < 0.15
    assert [effect.name for effect in found.effects] == ["workers"]
    assert found.sentences[0].startswith("Measure ")
