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


def test_a_believed_setting_is_as_one_that_was_played_with_its_prediction() -> None:
    rng = RandomStreams(3).stream()
    points, others = rng.random((30, 2)), rng.random((12, 2))
    values = points.sum(axis=1) + 0.05 * rng.standard_normal(30)
    surrogate = Surrogate([0, 1])
    surrogate.fit(points, values)
    prediction = surrogate.prediction(others)
    prediction.believe(4)
    # the same by the definition: a covariance of one row more, with the parameters of the fit
    played = np.vstack([points, others[4]])
    covariance = surrogate.covariance(played, played) + surrogate.noise * np.eye(31)
    across = surrogate.covariance(played, others)
    variance = 1 - np.einsum("ij,ij->j", across, np.linalg.solve(covariance, across))
    assert prediction.deviation == pytest.approx(surrogate.scale * np.sqrt(variance), rel=1e-6)
    assert prediction.mean == pytest.approx(surrogate.predict(others)[0])
    prediction.without(4)
    assert prediction.deviation == pytest.approx(np.delete(surrogate.scale * np.sqrt(variance), 4), rel=1e-6)
