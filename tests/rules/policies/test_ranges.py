"""Range checks of parameters: accepted values, and the texts of rejections."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from simulator.rules.policies.ranges import check_above, check_choice, check_whole_seconds, check_within


def test_values_at_the_bounds_are_accepted() -> None:
    for value in (0.0, 0.5, 1.0):
        check_within("share", value, 0, 1)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: check_within("share", 1.5, 0, 1), "share = 1.5, must be 0 to 1"),
        (lambda: check_within("share", math.nan, 0, 1), "share = nan, must be 0 to 1"),
        (lambda: check_within("delay_s", 90, 0, 60), "delay = 90s, must be 0s to 60s"),
        (lambda: check_above("target", 0, 0), "target = 0, must be above 0"),
        (lambda: check_above("target", math.inf, 0), "target = inf, must be above 0"),
        (lambda: check_whole_seconds("window_s", 1.5, 1, 60), "window = 1.5s, must be whole seconds, 1s to 60s"),
        (lambda: check_whole_seconds("window_s", 61, 1, 60), "window = 61s, must be whole seconds, 1s to 60s"),
    ],
)
def test_a_value_out_of_range_is_rejected_with_the_name_and_unit_of_the_file(
    check: Callable[[], None], message: str
) -> None:
    with pytest.raises(ValueError) as rejected:  # noqa: PT011 the whole message is compared
        check()
    assert str(rejected.value) == message


def test_whole_seconds_and_choices_pass() -> None:
    check_whole_seconds("window_s", 60.0, 1, 60)
    check_above("target", 1e-9, 0)
    check_choice("metric", "cpu", ("cpu", "requests"))


def test_an_unknown_choice_names_the_choices() -> None:
    with pytest.raises(ValueError, match=r"metric = 'cpus', must be .*cpu"):
        check_choice("metric", "cpus", ("cpu", "requests"))
