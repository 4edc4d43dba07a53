from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.ejection import Ejection, EjectionSettings


def eject(rule: Ejection, number: int, now: float, ready: int = 10) -> float | None:
    """Report as many failures as eject the instance, and return the result of the last one."""
    for _ in range(rule.settings.failures - 1):
        assert rule.failed(number, now, ready) is None
    return rule.failed(number, now, ready)


def test_five_failures_in_a_row_eject_for_thirty_seconds() -> None:
    assert eject(Ejection(), 1, 100.0) == 130.0


def test_a_success_between_failures_resets_the_count() -> None:
    rule = Ejection()
    for _ in range(3):
        for _ in range(4):
            assert rule.failed(1, 0.0, 10) is None
        rule.succeeded(1)
    assert rule.failing == {}


def test_every_further_ejection_is_longer_up_to_a_bound() -> None:
    rule = Ejection()
    now, sentences = 0.0, []
    for _ in range(12):
        until = eject(rule, 1, now)
        assert until is not None
        sentences.append(until - now)
        now = until
        rule.restored(1, now)
    assert sentences[:4] == [30.0, 60.0, 90.0, 120.0]
    assert sentences[-2:] == [300.0, 300.0]


def test_a_healthy_time_reduces_the_count_of_ejections() -> None:
    rule = Ejection()
    for _ in range(3):
        eject(rule, 1, 0.0)
        rule.restored(1, 0.0)
    assert eject(rule, 1, 20.0) == 20.0 + 2 * 30.0  # three ejections before, of which 20 s forgive two
    rule.restored(1, 100.0)
    assert eject(rule, 1, 200.0) == 230.0


def test_the_only_instance_is_never_ejected() -> None:
    assert eject(Ejection(), 1, 0.0, ready=1) is None


def test_one_of_two_may_be_ejected_but_not_both() -> None:
    rule = Ejection()
    assert eject(rule, 1, 0.0, ready=2) is not None
    assert eject(rule, 2, 0.0, ready=2) is None


def test_a_tenth_of_many_may_be_ejected() -> None:
    rule = Ejection()
    verdicts = [eject(rule, number, 0.0, ready=30) is not None for number in range(1, 6)]
    assert verdicts == [True, True, True, False, False]


def test_failures_of_an_ejected_instance_do_not_lengthen_its_time() -> None:
    rule = Ejection()
    until = eject(rule, 1, 0.0)
    assert eject(rule, 1, 10.0) is None
    assert rule.ejected == {1: until}


def test_too_few_instances_in_service_cause_panic_mode() -> None:
    rule = Ejection()
    eject(rule, 1, 0.0, ready=3)
    assert [rule.panics(ready) for ready in (3, 2, 1)] == [False, False, True]


def test_without_ejected_instances_there_is_no_panic_mode() -> None:
    assert not Ejection().panics(0)


def test_an_instance_that_left_has_no_record() -> None:
    rule = Ejection()
    eject(rule, 1, 0.0)
    rule.forget(1)
    assert (rule.ejected, rule.failing) == ({}, {})
    assert eject(rule, 1, 0.0) == 30.0


@given(
    events=st.lists(st.tuples(st.sampled_from(["failed", "succeeded", "restored"]), st.integers(1, 6))),
    ready=st.integers(6, 40),
)
def test_the_bounds_hold_for_any_sequence_of_calls(events: list[tuple[str, int]], ready: int) -> None:
    rule = Ejection(EjectionSettings(failures=2))
    for now, (event, number) in enumerate(events):
        if event == "failed":
            rule.failed(number, float(now), ready)
        elif event == "succeeded":
            rule.succeeded(number)
        elif number in rule.ejected:
            rule.restored(number, float(now))
        assert len(rule.ejected) <= max(1, ready // 10)
        assert not set(rule.failing) & set(rule.ejected)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("failures", 0, "failures = 0, must be at least 1"),
        ("base_s", 0.0, "base = 0 s, must be more than 0 s"),
        ("share_max", 1.5, r"share_max = 1.5, must be 0 to 1"),
    ],
)
def test_settings_out_of_range_are_rejected(name: str, value: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EjectionSettings(**{name: value})  # type: ignore[arg-type]
