"""The target of the live load, and its limits."""

from __future__ import annotations

import ssl

import pytest

from simulator.traffic.live.settings import LoadLimits, LoadTarget


@pytest.mark.parametrize(
    ("port", "has_tls", "origin"),
    [
        (443, True, "https://web.test"),
        (8443, True, "https://web.test:8443"),
        (80, False, "http://web.test"),
        (443, False, "http://web.test:443"),
    ],
)
def test_the_default_port_is_not_in_the_origin(port: int, has_tls: bool, origin: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if has_tls else None
    assert LoadTarget("web.test", port, tls).origin == origin


@pytest.mark.parametrize("name", ["connections_max", "opening_max", "waiting_max"])
def test_a_count_below_one_is_rejected(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} = 0, must be at least 1"):
        LoadLimits(**{name: 0})


@pytest.mark.parametrize("name", ["connect_s_max", "answer_s_max"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_a_time_that_is_not_positive_is_rejected(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} = .*, must be more than 0 s"):
        LoadLimits(**{name: value})  # type: ignore[arg-type]


def test_the_time_limit_of_the_client_is_longer_than_that_of_the_platform() -> None:
    assert LoadLimits().answer_s_max > 120
