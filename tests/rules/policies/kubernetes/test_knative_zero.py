from __future__ import annotations

import pytest

from simulator.rules.policies.kubernetes.knative_zero import ACTIVATION_TIMEOUT_S, ScaleToZero, ZeroRules


def active(*, grace_s: float = 30, retention_s: float = 0, proxied: bool = False, enabled: bool = True) -> ScaleToZero:
    """Return a state that has been active since 0, with the activator in the path (`proxied`) since 0 or never."""
    zero = ScaleToZero(ZeroRules(enabled=enabled, stable_window_s=60, grace_s=grace_s, retention_s=retention_s))
    zero.note(0, ready=1, wanted=True, proxied=proxied)
    return zero


def test_one_instance_stays_until_active_for_a_stable_window() -> None:
    zero = active(proxied=True)
    zero.note(59, ready=2, wanted=False, proxied=True)
    assert zero.settle(59, present=2)[0] == 1


def test_with_the_activator_in_the_path_scale_to_zero_is_immediate() -> None:
    zero = active(proxied=True)
    zero.note(60, ready=1, wanted=False, proxied=True)
    assert zero.settle(60, present=1) == (0, "")


@pytest.mark.parametrize(("retention_s", "zero_at_s"), [(0, 90), (20, 90), (100, 160)])
def test_without_the_activator_scale_to_zero_waits_for_the_larger_of_grace_and_retention(
    retention_s: float, zero_at_s: int
) -> None:
    zero = active(retention_s=retention_s)
    for now_s in range(60, zero_at_s):
        zero.note(now_s, ready=1, wanted=False, proxied=False)
        assert zero.settle(now_s, present=1)[0] == 1, now_s
    zero.note(zero_at_s, ready=1, wanted=False, proxied=False)
    assert zero.settle(zero_at_s, present=1)[0] == 0


def test_retention_counts_from_inactivity_even_when_proxied() -> None:
    zero = active(retention_s=40, proxied=True)
    zero.note(60, ready=1, wanted=False, proxied=True)
    assert zero.settle(60, present=1)[0] == 1
    assert zero.settle(100, present=1)[0] == 0


def test_traffic_during_grace_starts_a_new_active_time() -> None:
    zero = active()
    zero.note(60, ready=1, wanted=False, proxied=False)
    assert zero.settle(60, present=1)[0] == 1
    zero.note(70, ready=1, wanted=True, proxied=False)
    zero.note(120, ready=1, wanted=False, proxied=False)
    _, why = zero.settle(120, present=1)
    assert why == "it has been active for 50 s only"


def test_an_activating_revision_is_not_changed_before_its_timeout() -> None:
    zero = ScaleToZero(ZeroRules(enabled=True, stable_window_s=60, grace_s=30, retention_s=0))
    zero.note(0, ready=0, wanted=True, proxied=True)
    zero.note(100, ready=0, wanted=False, proxied=True)
    assert zero.settle(100, present=3)[0] == 3
    assert zero.settle(ACTIVATION_TIMEOUT_S, present=3)[0] == 0


def test_without_scale_to_zero_one_instance_is_kept() -> None:
    zero = active(enabled=False)
    zero.note(1000, ready=1, wanted=False, proxied=True)
    assert zero.settle(1000, present=1)[0] == 1
