from __future__ import annotations

import pytest

from simulator.rules.policies.metrics.metric import OfferedLoad, check_target, measured, needs_of
from tests.rules.policies.services import sample


def test_cpu_is_a_share_of_the_vcpus_of_the_ready_instances() -> None:
    amount, weight = measured("cpu", sample(0, ready=4, cpu_s=3.0), vcpus=2.0)
    assert amount / weight == 3 / 8


def test_concurrency_and_requests_are_per_ready_instance() -> None:
    second = sample(0, 12.0, finished=30, ready=4)
    assert measured("concurrency", second, 1.0) == (12.0, 4)
    assert measured("requests", second, 1.0) == (30, 4)


def test_nothing_is_measured_without_an_instance() -> None:
    assert measured("concurrency", sample(0, 12.0, ready=0), 1.0) == (0.0, 0.0)


def test_only_cpu_is_an_extra_signal() -> None:
    assert needs_of("cpu") == {"cpu"}
    assert needs_of("concurrency") == needs_of("requests") == frozenset()


def test_rejected_requests_count_for_the_service_time_of_the_newest_that_finished() -> None:
    load = OfferedLoad()
    assert load.of(sample(0, 5.0, rejected=3)) == 5  # not known yet
    assert load.of(sample(1, 5.0, rejected=10, finished=4, service_s=2.0)) == 10
    assert load.of(sample(2, 5.0, rejected=10)) == 10


def test_requests_per_second_have_no_default_target() -> None:
    with pytest.raises(ValueError, match=r"^metric = 'requests', must be given with a target: "):
        check_target("requests", None)
    check_target("requests", 5.0)
