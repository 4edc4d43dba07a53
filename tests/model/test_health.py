from __future__ import annotations

from typing import Any

import pytest

from simulator.model.health import HealthCheck, HealthProtocol, failed_line, performing_line, stopped_line


def test_the_defaults_are_those_of_app_runner() -> None:
    check = HealthCheck()
    assert (check.protocol, check.path, check.interval_s, check.timeout_s) == (HealthProtocol.TCP, "/", 5, 2)
    assert (check.healthy_threshold, check.unhealthy_threshold) == (1, 5)


@pytest.mark.parametrize("name", ["interval_s", "timeout_s", "healthy_threshold", "unhealthy_threshold"])
@pytest.mark.parametrize("value", [0, 21])
def test_a_number_out_of_range_is_rejected(name: str, value: int) -> None:
    numbers: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=rf"{name.removesuffix('_s')} = {value}, must be 1 to 20"):
        HealthCheck(**numbers)


def test_a_path_without_a_slash_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"path = 'healthz', must start with /"):
        HealthCheck(path="healthz")


def test_log_lines_are_exactly_those_of_app_runner() -> None:
    """Facts 9: with a space before the path in the line of the first probe, without one in that of a failed check."""
    tcp, http = HealthCheck(), HealthCheck(HealthProtocol.HTTP, path="/up")
    hint = "Check your configured port number. For more information, see the application logs."
    assert performing_line(tcp, 8080) == "Performing health check on protocol `TCP` [Port: '8080']."
    assert performing_line(http, 8000) == "Performing health check on protocol `HTTP` [Path: '/up'], [Port: '8000']."
    assert failed_line(tcp, 8080) == f"Health check failed on protocol `TCP` [Port: '8080']. {hint}"
    assert failed_line(http, 8000) == f"Health check failed on protocol `HTTP`[Path: '/up'], [Port: '8000']. {hint}"
    assert stopped_line(1) == (
        "Your application stopped or failed to start. See logs for more information. Container exit code: 1"
    )
