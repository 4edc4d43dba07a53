from __future__ import annotations

from typing import Any

import pytest

from simulator.model.health import TargetHealthCheck
from simulator.rules.load_balancer.settings import ApplicationLoadBalancer, RoutingAlgorithm


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"idle_timeout_s": 0}, r"idle_timeout = 0 s, must be 1 to 4000 s"),
        ({"deregistration_delay_s": 3601}, r"deregistration_delay = 3601 s, must be 0 to 3600 s"),
        ({"minimum_healthy": 0}, r"minimum_healthy = 0, must be 1 to 1000"),
        ({"slow_start_s": 29}, r"slow_start = 29 s, must be 0 or 30 to 900 s"),
        ({"slow_start_s": 901}, r"slow_start = 901 s, must be 0 or 30 to 900 s"),
        (
            {"slow_start_s": 30, "algorithm": RoutingAlgorithm.LEAST_OUTSTANDING},
            r"slow_start = 30 s, must be 0 with algorithm least-outstanding",
        ),
    ],
)
def test_values_out_of_range_are_errors(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ApplicationLoadBalancer(**given)


def test_ecs_stops_a_new_task_after_two_failed_checks_or_after_the_grace_period() -> None:
    assert ApplicationLoadBalancer().startup_allowance_s == 60
    assert ApplicationLoadBalancer(grace_period_s=300).startup_allowance_s == 300
    quick = TargetHealthCheck(interval_s=5, timeout_s=2, unhealthy_threshold=3)
    assert ApplicationLoadBalancer(health_check=quick).startup_allowance_s == 15
    assert ApplicationLoadBalancer(health_check=quick).first_check_s == 5
