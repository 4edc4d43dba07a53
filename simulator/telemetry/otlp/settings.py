"""OTLP destinations and options. Only values: importable without OpenTelemetry's libraries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from simulator.rules.sampling import Sampling

# The specification's defaults of OTEL_METRIC_EXPORT_INTERVAL and of OTEL_BSP_*, except for the batch size, which is 512
# spans there: 128 requests have as many on average, and take 20 ms while the interpreter's lock is held, which delays
# the loop.
INTERVAL_S: Final = 60.0
REQUESTS_MAX: Final = 2048
BATCH_MAX: Final = 128
DELAY_S: Final = 5.0


class TracedServices(StrEnum):
    ALL = "all"
    CONFIGURED = "configured"


def check_endpoint(name: str, url: str) -> str:
    """Return `url` if it is a valid endpoint. Raises ValueError; `name` is the option's name in the message."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        msg = f"{name} = {url!r}, must be a URL such as http://127.0.0.1:4318"
        raise ValueError(msg)
    return url


class Compression(StrEnum):
    NONE = "none"
    GZIP = "gzip"
    DEFLATE = "deflate"


@dataclass(frozen=True, slots=True)
class Destination:
    """The destination of one signal.

    `endpoint` is the whole URL, path included; `certificate` verifies its TLS. `timeout_s` limits the time to send a
    batch, retries included. `headers` may contain secrets and are never shown.

    Raises:
        ValueError: if the endpoint is not an http or https URL.
    """

    endpoint: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = 10.0
    compression: Compression = Compression.NONE
    certificate: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None

    def __post_init__(self) -> None:
        check_endpoint("endpoint", self.endpoint)


@dataclass(frozen=True, slots=True)
class MetricsExport:
    """The export of metrics. `every_s`: time between two exports; a last one is made at the end."""

    to: Destination
    every_s: float = INTERVAL_S


@dataclass(frozen=True, slots=True)
class TracesExport:
    """Which requests are traced, and how their spans are sent.

    `services`: the traced services; CONFIGURED means those with X-Ray in their ObservabilityConfiguration. `xray`: also
    propagate contexts in X-Ray's format. At most `requests_max` sampled requests wait (two to five spans each); at most
    `batch_max` are sent together, at least every `every_s` seconds; the defaults are those of OpenTelemetry's batch
    processor. `begin_s`: for a run in virtual time, the calendar time at which it begins; such a run waits for its
    collector.
    """

    to: Destination
    sampling: Sampling = field(default_factory=Sampling)
    services: TracedServices = TracedServices.ALL
    xray: bool = False
    requests_max: int = REQUESTS_MAX
    batch_max: int = BATCH_MAX
    every_s: float = DELAY_S
    begin_s: float | None = None


@dataclass(frozen=True, slots=True)
class OtlpSettings:
    """Settings of all OTLP exports. None for a signal that is not exported.

    `resource`: attributes of all exports, which override the built-in ones.
    """

    metrics: MetricsExport | None = None
    traces: TracesExport | None = None
    resource: Mapping[str, str] = field(default_factory=dict)


METRICS_PATH: Final = "v1/metrics"
TRACES_PATH: Final = "v1/traces"


def signal_url(base: str, path: str) -> str:
    """Return the URL of a signal below a base endpoint, by the rule of OTEL_EXPORTER_OTLP_ENDPOINT."""
    return f"{base.rstrip('/')}/{path}"
