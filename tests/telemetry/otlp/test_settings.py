"""Destinations of OTLP: accepted endpoints, and values that are never shown."""

from __future__ import annotations

import pytest

from simulator.telemetry.otlp.settings import METRICS_PATH, TRACES_PATH, Destination, check_endpoint, signal_url


@pytest.mark.parametrize("url", ["http://127.0.0.1:4318", "https://collector.example/otlp/v1/traces"])
def test_an_http_url_is_an_endpoint(url: str) -> None:
    assert check_endpoint("endpoint", url) == url


@pytest.mark.parametrize("url", ["", "collector:4318", "grpc://127.0.0.1:4317", "http://", "http:///v1/traces"])
def test_another_url_is_rejected_with_its_option(url: str) -> None:
    with pytest.raises(ValueError, match=r"--otlp-endpoint = .*must be a URL such as http://127\.0\.0\.1:4318"):
        check_endpoint("--otlp-endpoint", url)
    with pytest.raises(ValueError, match="endpoint = "):
        Destination(url)


def test_headers_are_not_shown() -> None:
    assert "hunter2" not in repr(Destination("http://127.0.0.1:4318", {"authorization": "hunter2"}))


@pytest.mark.parametrize("base", ["http://a:4318", "http://a:4318/"])
def test_a_signal_has_its_path_below_the_base(base: str) -> None:
    assert signal_url(base, METRICS_PATH) == "http://a:4318/v1/metrics"
    assert signal_url(base, TRACES_PATH) == "http://a:4318/v1/traces"
