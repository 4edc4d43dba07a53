from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from simulator.world.playback import MADE_UP_S_MAX, SPEED_MAX, Playback


class Wall:
    """A wall clock that the test sets."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def playing(wall: Wall, speed: float) -> Playback:
    playback = Playback(wall, speed)
    playback.begin(50.0, playing=True)
    return playback


def test_before_the_start_time_passes_as_fast_as_possible() -> None:
    assert Playback(Wall()).limit_s(3.0) == math.inf


def test_time_advances_at_the_set_speed() -> None:
    wall = Wall()
    playback = playing(wall, 10.0)
    wall.now_s += 0.02
    assert playback.limit_s(50.0) == pytest.approx(50.2)
    assert playback.wait_s(51.0) == pytest.approx(0.08)


def test_a_pause_stops_time() -> None:
    wall = Wall()
    playback = playing(wall, 10.0)
    playback.pause(50.2)
    wall.now_s += 9
    assert playback.limit_s(50.2) == 50.2
    assert playback.wait_s(50.3) == math.inf


def test_paused_time_is_not_made_up() -> None:
    wall = Wall()
    playback = playing(wall, 10.0)
    playback.pause(50.0)
    wall.now_s += 9
    playback.play(50.0)
    assert playback.limit_s(50.0) == 50.0


def test_a_changed_speed_applies_from_its_moment_on() -> None:
    wall = Wall()
    playback = playing(wall, 10.0)
    wall.now_s += 0.02
    playback.set_speed(100.0, 50.2)
    wall.now_s += 0.02
    assert playback.limit_s(50.2) == pytest.approx(52.2)


def test_time_that_the_computation_took_is_not_made_up() -> None:
    wall = Wall()
    playback = playing(wall, 100.0)
    wall.now_s += 3.0  # an event that took three seconds
    limit_s = playback.limit_s(50.0)
    assert limit_s == pytest.approx(50.0 + MADE_UP_S_MAX * 100.0)
    assert playback.limit_s(limit_s) == pytest.approx(limit_s)


def test_a_wait_that_ends_late_is_made_up() -> None:
    wall = Wall()
    playback = playing(wall, 100.0)
    wall.now_s += 0.5
    assert playback.limit_s(50.0, waited=True) == pytest.approx(100.0)


def test_a_step_advances_to_its_end_and_pauses() -> None:
    playback = playing(Wall(), 0.01)
    playback.step(60.0)
    assert playback.limit_s(50.0) == playback.limit_s(59.9) == 60.0
    assert playback.limit_s(60.0) == 60.0
    assert not playback.stepping
    assert not playback.playing


@pytest.mark.parametrize("speed", [0.0, 0.009, -1.0, SPEED_MAX * 1.1, math.nan])
def test_a_speed_out_of_bounds_is_rejected(speed: float) -> None:
    with pytest.raises(ValueError, match=r"must be 0\.01 to 10,000"):
        playing(Wall(), 1.0).set_speed(speed, 50.0)


def test_every_change_resets_the_time_that_the_loop_has_checked() -> None:
    playback = playing(Wall(), 1.0)
    changes: list[Callable[[], None]] = [
        lambda: playback.pause(50.0),
        lambda: playback.play(50.0),
        lambda: playback.set_speed(2.0, 50.0),
        lambda: playback.step(51.0),
        playback.release,
    ]
    for change in changes:
        playback.checked_until_s = 60.0
        change()
        assert playback.checked_until_s == -math.inf
