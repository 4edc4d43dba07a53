"""OTLP settings: from an option, else the configuration file, else OpenTelemetry's own environment variables.

The variables are those of OpenTelemetry's specification for OTLP over HTTP, and so are the defaults of unset values,
except for the endpoint: without one nothing is exported.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar
from urllib.parse import unquote

from pydantic import AfterValidator, Field

from simulator.model.extras import missing_text
from simulator.model.text.problems import one_of
from simulator.model.text.units import parse_number, parse_whole
from simulator.rules.sampling import Sampling
from simulator.scenario.sections.base_model import Duration, Flag, Number, Section
from simulator.telemetry.otlp.settings import (
    BATCH_MAX,
    DELAY_S,
    INTERVAL_S,
    METRICS_PATH,
    REQUESTS_MAX,
    TRACES_PATH,
    Compression,
    Destination,
    MetricsExport,
    OtlpSettings,
    TracedServices,
    TracesExport,
    check_endpoint,
    signal_url,
)

T = TypeVar("T")

_PROTOCOL: Final = "http/protobuf"


def _url_of(text: str) -> str:
    return check_endpoint("endpoint", text)


Url = Annotated[str, AfterValidator(_url_of)]


class OtelSection(Section):
    """Metrics and traces over OTLP/HTTP. The OTEL_ variables give the values that are left out."""

    endpoint: Url | None = None
    """URL of the collector, such as http://127.0.0.1:4318; /v1/metrics and /v1/traces are appended."""
    metrics_endpoint: Url | None = None
    """Full URL for metrics, if different."""
    traces_endpoint: Url | None = None
    """Full URL for traces, if different."""
    headers: Mapping[str, str] = Field(default_factory=dict, repr=False)
    """Headers sent with every export, for example an API key of the collector."""
    metrics: Flag = True
    """Export metrics."""
    traces: Flag = True
    """Export traces."""
    sampling: Annotated[Number, Field(ge=0, le=1)] | None = None
    """Share of requests to trace, among those without a sampling decision of the caller: 0.01 or 1 %."""
    services: TracedServices = TracedServices.CONFIGURED
    """Traced services: those with X-Ray in their ObservabilityConfiguration, or all."""
    interval_s: Duration | None = None
    """Time between two exports of metrics; default: 60s."""
    timeout_s: Duration | None = None
    """Timeout of one export including its retries; default: 10s."""
    compression: Literal["none", "gzip", "deflate"] | None = None
    """Compression of the exports."""


@dataclass(frozen=True, slots=True)
class Variables:
    """OpenTelemetry's variables in an environment; empty ones count as unset."""

    environment: Mapping[str, str]

    def text(self, *names: str) -> str | None:
        """Return the value of the first variable that is set."""
        return next((value for name in names if (value := self.environment.get(name, "").strip())), None)

    def read(self, kind: Callable[[str], T], expected: str, *names: str) -> T | None:
        """Parse the value of the first variable that is set.

        Raises:
            ValueError: for an invalid value; the message names the variable.
        """
        for name in names:
            value = self.text(name)
            if value is not None:
                try:
                    return kind(value)
                except ValueError:
                    msg = f"{name} = {value!r}, must be {expected}"
                    raise ValueError(msg) from None
        return None


def otlp_settings(
    section: OtelSection | None = None,
    endpoint: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> OtlpSettings | None:
    """Return the OTLP settings; None if no destination is configured.

    `endpoint` is the value of an option. `environment` is by default that of this process.

    Raises:
        ValueError: for an invalid value, which the message names, or if OpenTelemetry's libraries are not installed.
    """
    section = section or OtelSection()
    variables = Variables(os.environ if environment is None else environment)  # noqa: TID251 this is cli
    if variables.text("OTEL_SDK_DISABLED") in {"true", "True", "TRUE"} and not (endpoint or _is_set(section)):
        return None
    metrics = _destination(section, endpoint, variables, "METRICS") if section.metrics else None
    traces = _destination(section, endpoint, variables, "TRACES") if section.traces else None
    if metrics is None and traces is None:
        return None
    if not _is_installed():
        raise ValueError(missing_text("opentelemetry"))
    return OtlpSettings(
        MetricsExport(metrics, _interval_s(section, variables)) if metrics is not None else None,
        _traces(traces, section, variables) if traces is not None else None,
        resource=_resource(variables),
    )


def _is_installed() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except (ModuleNotFoundError, ValueError):  # a parent package is not installed, or was removed from sys.modules
        return False


def _is_set(section: OtelSection) -> bool:
    return bool(section.endpoint or section.metrics_endpoint or section.traces_endpoint)


def _destination(section: OtelSection, endpoint: str | None, variables: Variables, signal: str) -> Destination | None:
    url = _url(endpoint, section, variables, signal)
    if url is None:
        return None

    def names(what: str) -> tuple[str, str]:
        return f"OTEL_EXPORTER_OTLP_{signal}_{what}", f"OTEL_EXPORTER_OTLP_{what}"

    protocol = variables.text(*names("PROTOCOL"))
    if protocol not in {None, _PROTOCOL}:
        msg = f"{names('PROTOCOL')[1]} = {protocol!r}, must be {_PROTOCOL}: no other protocol is supported"
        raise ValueError(msg)
    timeout_s = section.timeout_s or variables.read(_positive, "seconds above 0", *names("TIMEOUT"))
    compression = (
        Compression(section.compression)
        if section.compression
        else variables.read(Compression, "none, gzip or deflate", *names("COMPRESSION"))
    )
    headers = variables.read(_pairs, "key=value pairs with commas between them", *names("HEADERS")) or {}
    files = [variables.read(_file, "a file that exists", *names(what)) for what in _FILES]
    made = Destination(url, headers | dict(section.headers), compression=compression or Compression.NONE)
    made = replace(made, certificate=files[0], client_certificate=files[1], client_key=files[2])
    return replace(made, timeout_s=timeout_s) if timeout_s else made


_PATHS: Final = {"METRICS": METRICS_PATH, "TRACES": TRACES_PATH}
_FILES: Final = ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY")


def _url(option: str | None, section: OtelSection, variables: Variables, signal: str) -> str | None:
    """Return the URL from the first source that sets it; a signal's own endpoint is a full URL."""
    path = _PATHS[signal]
    if option is not None:
        return signal_url(check_endpoint("otlp-endpoint", option), path)
    own = section.metrics_endpoint if signal == "METRICS" else section.traces_endpoint
    if own is not None:
        return check_endpoint(f"otel.{signal.lower()}_endpoint", own)
    if section.endpoint is not None:
        return signal_url(check_endpoint("otel.endpoint", section.endpoint), path)
    if variables.text(f"OTEL_{signal}_EXPORTER") == "none":
        return None
    for name in (f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        said = variables.text(name)
        if said is not None:
            url = check_endpoint(name, said)
            return url if signal in name else signal_url(url, path)
    return None


def _interval_s(section: OtelSection, variables: Variables) -> float:
    milliseconds = variables.read(_positive, "milliseconds above 0", "OTEL_METRIC_EXPORT_INTERVAL")
    return section.interval_s or (milliseconds / 1000 if milliseconds else INTERVAL_S)


def _traces(to: Destination, section: OtelSection, variables: Variables) -> TracesExport:
    delay_ms = variables.read(_positive, "milliseconds above 0", "OTEL_BSP_SCHEDULE_DELAY")
    queue = variables.read(_count, "a number above 0", "OTEL_BSP_MAX_QUEUE_SIZE") or REQUESTS_MAX
    batch = variables.read(_count, "a number above 0", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE") or BATCH_MAX
    return TracesExport(
        to,
        Sampling(section.sampling) if section.sampling is not None else _sampling(variables),
        section.services,
        xray="xray" in (variables.text("OTEL_PROPAGATORS") or "").replace(" ", "").split(","),
        requests_max=queue,
        batch_max=min(batch, queue),
        every_s=delay_ms / 1000 if delay_ms else DELAY_S,
    )


def _sampling(variables: Variables) -> Sampling:
    name = variables.text("OTEL_TRACES_SAMPLER") or "parentbased_always_on"
    own = name.removeprefix("parentbased_")
    ratio = variables.read(_ratio, "a number from 0 to 1", "OTEL_TRACES_SAMPLER_ARG")
    ratios = {"always_on": 1.0, "always_off": 0.0, "traceidratio": 1.0 if ratio is None else ratio}
    if own not in ratios:
        known = [*ratios, *(f"parentbased_{each}" for each in ratios)]
        msg = f"OTEL_TRACES_SAMPLER = {name!r}, must be {one_of(name, known)}"
        raise ValueError(msg)
    return Sampling(ratios[own], parent_based=own != name)


def _resource(variables: Variables) -> dict[str, str]:
    pairs = variables.read(_pairs, "key=value pairs with commas between them", "OTEL_RESOURCE_ATTRIBUTES") or {}
    name = variables.text("OTEL_SERVICE_NAME")
    return pairs | ({"service.name": name} if name else {})


def _positive(text: str) -> float:
    value = parse_number(text)
    if value <= 0:
        raise ValueError
    return value


def _ratio(text: str) -> float:
    value = parse_number(text)
    if not 0 <= value <= 1:
        raise ValueError
    return value


def _count(text: str) -> int:
    value = parse_whole(text)
    if value < 1:
        raise ValueError
    return value


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise ValueError
    return Path(text)


def _pairs(text: str) -> dict[str, str]:
    """Parse the format of W3C Baggage, which both specifications use."""
    pairs: dict[str, str] = {}
    for part in text.split(","):
        if part.strip():
            key, equals, value = part.partition("=")
            if not equals or not key.strip():
                raise ValueError
            pairs[unquote(key.strip())] = unquote(value.strip())
    return pairs
