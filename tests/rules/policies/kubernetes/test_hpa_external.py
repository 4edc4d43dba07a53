"""The HPA with an external metric, as KEDA uses it."""

from __future__ import annotations

from simulator.rules.policies.kubernetes.hpa_external import TOLERANCE, ExternalHpa


def test_an_average_value_is_divided_by_the_target() -> None:
    hpa = ExternalHpa(tolerance=TOLERANCE, down_stabilisation_s=0)
    result = hpa.sync(0, current=1, ready=1, total=35, target=10)
    assert (result.replicas, result.formula, result.clamps) == (4, "ceil(35 / 10) = 4", ())


def test_a_value_is_in_proportion_to_the_ready_replicas() -> None:
    hpa = ExternalHpa(tolerance=TOLERANCE, down_stabilisation_s=0, metric_type="value")
    result = hpa.sync(0, current=2, ready=2, total=15, target=10)
    assert (result.replicas, result.formula) == (3, "ceil(2 x 15 / 10) = 3")


def test_within_the_tolerance_nothing_changes() -> None:
    hpa = ExternalHpa(tolerance=TOLERANCE, down_stabilisation_s=0)
    assert hpa.sync(0, current=10, ready=10, total=105, target=10).replicas == 10


def test_there_is_at_least_one_replica() -> None:
    hpa = ExternalHpa(tolerance=TOLERANCE, down_stabilisation_s=0)
    assert hpa.sync(0, current=1, ready=1, total=0, target=10).replicas == 1


def test_a_lower_recommendation_waits_for_the_stabilisation_window() -> None:
    hpa = ExternalHpa(tolerance=TOLERANCE, down_stabilisation_s=300)
    assert hpa.sync(0, current=4, ready=4, total=40, target=10).replicas == 4
    held = hpa.sync(299, current=4, ready=4, total=10, target=10)
    assert held.replicas == 4
    assert held.clamps != ()
    assert hpa.sync(601, current=4, ready=4, total=10, target=10).replicas == 1
