"""The surrogate predicts settings that were not played, with an uncertainty that is neither too small nor too large."""

import numpy as np
import pytest

from simulator.lab.tune.search.surrogate import Surrogate
from simulator.world.random_streams import RandomStreams


def test_it_predicts_a_smooth_function_within_its_uncertainty() -> None:
    rng = RandomStreams(1).stream()
    points, others = rng.random((60, 2)), rng.random((200, 2))

    def figure(at: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.asarray(np.sin(3 * at[:, 0]) + at[:, 1] ** 2, np.float64)

    surrogate = Surrogate([0, 1])
    surrogate.fit(points, figure(points))
    mean, deviation = surrogate.predict(others)
    error = np.abs(mean - figure(others))
    assert error.max() < 0.1
    assert (error <= 3 * deviation + 1e-3).mean() > 0.95


def test_a_knob_without_effect_has_a_long_length() -> None:
    rng = RandomStreams(2).stream()
    points = rng.random((60, 2))
    surrogate = Surrogate([0, 1])
    surrogate.fit(points, np.sin(6 * points[:, 0]))
    assert surrogate.lengths[1] > 3 * surrogate.lengths[0]


def test_a_believed_setting_is_certain_and_changes_no_prediction() -> None:
    rng = RandomStreams(3).stream()
    points, at = rng.random((30, 2)), np.array([[0.5, 0.5]])
    surrogate = Surrogate([0, 1])
    surrogate.fit(points, points.sum(axis=1) + 0.05 * rng.standard_normal(30))
    (before,), (uncertain,) = surrogate.predict(at)
    surrogate.believe(at[0])
    (after,), (certain,) = surrogate.predict(at)
    assert after == pytest.approx(before, abs=1e-6)
    assert certain < uncertain
