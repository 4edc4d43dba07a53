"""The destination of OTLP: options precede the configuration file, which precedes OpenTelemetry's variables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.front.otel import OtelSection, otlp_settings
from simulator.cli.platform.serve_config import load_config, with_options
from simulator.scenario.problems import ScenarioError
from simulator.telemetry.otlp.settings import Compression, OtlpSettings, TracedServices

BASE = "http://127.0.0.1:4318"


def read(environment: dict[str, str], section: OtelSection | None = None, option: str | None = None) -> OtlpSettings:
    found = otlp_settings(section, option, environment)
    assert found is not None
    return found


def places(found: OtlpSettings) -> tuple[str | None, str | None]:
    return (
        found.metrics.to.endpoint if found.metrics is not None else None,
        found.traces.to.endpoint if found.traces is not None else None,
    )


def test_without_an_endpoint_nothing_is_exported() -> None:
    assert otlp_settings(OtelSection(headers={"a": "b"}), None, {"OTEL_SERVICE_NAME": "mine"}) is None


def test_an_option_wins_over_the_file_and_the_file_over_the_variables() -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://variable:1/"}
    section = OtelSection(endpoint="http://file:2/below")
    assert places(read(environment)) == ("http://variable:1/v1/metrics", "http://variable:1/v1/traces")
    assert places(read(environment, section)) == ("http://file:2/below/v1/metrics", "http://file:2/below/v1/traces")
    assert places(read(environment, section, BASE)) == (f"{BASE}/v1/metrics", f"{BASE}/v1/traces")


def test_a_signal_s_own_endpoint_is_taken_as_it_is() -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": BASE, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://jaeger:9/t"}
    assert places(read(environment)) == (f"{BASE}/v1/metrics", "http://jaeger:9/t")
    section = OtelSection(traces_endpoint="http://tempo:7/x", metrics=False)
    assert places(read(environment, section)) == (None, "http://tempo:7/x")


def test_a_signal_can_be_switched_off() -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": BASE, "OTEL_METRICS_EXPORTER": "none"}
    assert places(read(environment)) == (None, f"{BASE}/v1/traces")
    assert otlp_settings(environment={"OTEL_EXPORTER_OTLP_ENDPOINT": BASE, "OTEL_SDK_DISABLED": "true"}) is None


def test_the_variables_of_the_specification_are_read(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("", encoding="utf-8")
    found = read(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": BASE,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_HEADERS": "key=a%20b, other=c",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "key=traces",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "2.5",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
            "OTEL_EXPORTER_OTLP_CERTIFICATE": str(authority),
            "OTEL_METRIC_EXPORT_INTERVAL": "1500",
            "OTEL_BSP_SCHEDULE_DELAY": "250",
            "OTEL_BSP_MAX_QUEUE_SIZE": "100",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "500",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=lab,service.name=lost",
            "OTEL_SERVICE_NAME": "mine",
        }
    )
    metrics, traces = found.metrics, found.traces
    assert metrics is not None
    assert traces is not None
    assert metrics.every_s == 1.5
    assert metrics.to.headers == {"key": "a b", "other": "c"}
    assert traces.to.headers == {"key": "traces"}
    assert (metrics.to.timeout_s, metrics.to.compression, metrics.to.certificate) == (2.5, Compression.GZIP, authority)
    assert (traces.every_s, traces.requests_max, traces.batch_max) == (0.25, 100, 100)
    assert found.resource == {"deployment.environment.name": "lab", "service.name": "mine"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318", "must be a URL such as http://127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "must be http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "must be seconds above 0"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "key", "must be key=value pairs"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli", "must be none, gzip or deflate"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere", "must be a file that exists"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0", "must be milliseconds above 0"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote", "must be one of always_on, always_off, traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "2", "must be a number from 0 to 1"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "-1", "must be a number above 0"),
    ],
)
def test_an_invalid_setting_is_rejected_with_its_name(name: str, value: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"{name} = '{value}', {said}"):
        otlp_settings(environment={"OTEL_EXPORTER_OTLP_ENDPOINT": BASE, name: value})


def test_the_configuration_of_serve_has_a_section_for_it(tmp_path: Path) -> None:
    file = tmp_path / "serve.yaml"
    file.write_text("otel: {endpoint: 'http://127.0.0.1:1', interval: 5s, headers: {k: v}}", encoding="utf-8")
    config = with_options(load_config(file), otel_endpoint=BASE)
    exports = config.serving(tmp_path, "unix:///var/run/docker.sock").exports
    assert exports.otlp is not None
    assert exports.otlp.metrics is not None
    assert places(exports.otlp)[0] == f"{BASE}/v1/metrics"
    assert exports.otlp.metrics.every_s == 5
    file.write_text("otel: {endpont: 'http://127.0.0.1:1'}", encoding="utf-8")
    with pytest.raises(ScenarioError, match="endpoint"):
        load_config(file)
    file.write_text("otel: {endpoint: collector}", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"otel.endpoint = collector, must be a URL"):
        load_config(file)


def test_without_the_libraries_the_error_says_how_to_install_them() -> None:
    """In a separate process that cannot import them. A run without exports does not need them."""
    script = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from simulator.cli import app\n"
        "app(['run', 'first-look', '--clock', 'real', *sys.argv[1:]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "--otlp-endpoint", BASE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "hint: `pip install '.[otel]'` in a clone installs it" in done.stderr


def test_a_bad_endpoint_on_the_command_line_is_bad_input() -> None:
    done = CliRunner().invoke(app, ["run", "first-look", "--clock", "real", "--otlp-endpoint", "nowhere"])
    assert done.exit_code == 2, done.output
    assert "otlp-endpoint = 'nowhere', must be a URL" in done.output


def test_the_documented_section_is_valid(tmp_path: Path) -> None:
    page = Path(__file__).parent.parent.parent.parent / "docs" / "how-to" / "opentelemetry.md"
    file = tmp_path / "serve.yaml"
    file.write_text(page.read_text(encoding="utf-8").partition("```yaml\n# serve.yaml")[2].partition("```")[0], "utf-8")
    exports = load_config(file).serving(tmp_path, "unix:///var/run/docker.sock").exports
    assert exports.otlp is not None
    assert places(exports.otlp) == (f"{BASE}/v1/metrics", f"{BASE}/v1/traces")
    assert exports.otlp.traces is not None
    assert exports.otlp.traces.sampling.ratio == 0.01
    assert exports.otlp.traces.services is TracedServices.CONFIGURED
