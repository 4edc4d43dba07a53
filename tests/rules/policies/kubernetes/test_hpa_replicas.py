from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.lab.validate.ground_truth import vectors
from simulator.rules.policies.kubernetes.hpa_replicas import Pods, by_average_value, by_pods, by_value

VECTORS: Final[dict[str, Any]] = vectors("hpa_decision_vectors.json")
TOLERANCE: Final[float] = VECTORS["tolerance"]


@pytest.mark.parametrize("case", VECTORS["cases"], ids=[case["name"] for case in VECTORS["cases"]])
def test_replicas_are_those_of_the_tests_of_kubernetes(case: dict[str, Any]) -> None:
    values = case["ready_pod_values"]
    # "ScaleDown, 2 of 5 unready" gives them only as missing values; on scale-in they are left out.
    unready = case["current"] - len(values) if "unready" in case["name"] else case["unready_treated_as_zero"]
    pods = Pods(len(values), unready)
    assert by_pods(sum(values) / len(values), case["target"], pods, case["current"], TOLERANCE) == case["want"]


@pytest.mark.parametrize("case", VECTORS["external_average_value"], ids=lambda case: f"{case['total']}")
def test_external_metrics_are_divided_as_in_the_tests_of_kubernetes(case: dict[str, Any]) -> None:
    assert by_average_value(case["total"], case["target"], case["current"], TOLERANCE) == case["want"]


def test_a_ratio_of_exactly_1_1_is_outside_the_tolerance_in_binary() -> None:
    assert by_pods(110, 100, Pods(3), 3, TOLERANCE) == 4


def test_missing_pods_count_as_full_on_scale_in() -> None:
    # 2 of 4 at 40 % of 100: (40 + 40 + 100 + 100) / 4 = 70 %, ceil(0.7 x 4)
    assert by_pods(40, 100, Pods(ready=2, missing=2), 4, TOLERANCE) == 3


def test_missing_pods_count_as_idle_on_scale_out() -> None:
    # 2 of 4 at 300 % of 100: 600 / 4 = 150 %, ceil(1.5 x 4)
    assert by_pods(300, 100, Pods(ready=2, missing=2), 4, TOLERANCE) == 6


def test_nothing_changes_if_missing_pods_reverse_the_direction() -> None:
    assert by_pods(150, 100, Pods(ready=1, missing=3), 4, TOLERANCE) == 4


def test_a_missing_pod_uses_its_whole_request_of_cpu_and_not_the_target() -> None:
    # 50 % target: one at 20 % and one assumed at 100 % make 60 %, the opposite direction, so nothing changes.
    assert by_pods(20, 50, Pods(ready=1, missing=1), 2, TOLERANCE, full=100) == 2
    assert by_pods(20, 50, Pods(ready=1, missing=1), 2, TOLERANCE) == 2
    assert by_pods(2, 50, Pods(ready=4, missing=1), 5, TOLERANCE, full=100) == 3  # (8 + 100) / 250 = 0.432
    assert by_pods(2, 50, Pods(ready=4, missing=1), 5, TOLERANCE) == 2  # (8 + 50) / 250 = 0.232


def test_the_examples_of_keda_for_a_queue_and_an_age_are_reproduced() -> None:
    # Validation case 45: a queue of 20 with a target of 5 per replica; an age of 20 with a target of 5 and 3 replicas.
    assert by_average_value(20, 5, 3, TOLERANCE) == 4
    assert by_value(20, 5, 3, 3, TOLERANCE) == 12


def test_a_metric_of_type_value_scales_from_zero_by_its_ratio() -> None:
    assert by_value(12, 5, 0, 0, TOLERANCE) == 3
    assert by_average_value(12, 5, 0, TOLERANCE) == 3


@given(
    st.floats(0, 1e4),
    st.floats(0.1, 1e3),
    st.integers(1, 50),
    st.integers(0, 20),
    st.integers(0, 20),
)
def test_a_load_below_target_never_adds_and_one_above_never_removes(
    mean: float, target: float, ready: int, unready: int, missing: int
) -> None:
    current = ready + unready + missing
    replicas = by_pods(mean, target, Pods(ready, unready, missing), current, TOLERANCE)
    if mean <= target:
        assert replicas <= current
    elif unready or missing:
        assert replicas >= current
    else:
        assert replicas >= ready


@pytest.mark.case("L41")
@pytest.mark.parametrize(
    ("target", "replicas"),
    [
        (50.0, 5),  # 2 x 20 and 3 x 100 on 5 pods are 68 %, the opposite direction, so nothing changes
        (100.0, 4),  # (40 + 300) / 100 = 3.4
        (150.0, 4),  # 3 x 150, not 3 x 100: (40 + 450) / 150 = 3.27; with 100 it would be 2.27, three pods
    ],
)
def test_a_missing_pod_counts_as_the_target_where_that_is_above_its_whole_request(target: float, replicas: int) -> None:
    assert by_pods(20.0, target, Pods(2, missing=3), 5, 0.1, full=100.0) == replicas
