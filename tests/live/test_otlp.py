"""Metrics and traces over OTLP of a running platform: a scenario in real time, and services behind the API."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from typer.testing import CliRunner

from simulator.assembly.control_plane import ControlPlaneSettings
from simulator.assembly.serving import ServingSettings, open_serving
from simulator.cli import app
from simulator.control.operations.time_profile import profile_named
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.process.environment import ProcessApplication
from simulator.platform.applications import ApplicationSettings
from simulator.platform.scaling.policy_choice import PolicyChoice
from simulator.platform.service_workload import WorkloadSettings
from simulator.telemetry.exporters import ExportSettings
from simulator.telemetry.otlp.settings import Destination, OtlpSettings, TracedServices, TracesExport
from simulator.world.clock import ClockKind, run
from tests.live.test_serving import IMAGE, Stage, ToLoopback
from tests.telemetry.otlp.collector import collecting, values

PAGE = Path(__file__).parent.parent.parent / "docs" / "how-to" / "opentelemetry.md"
SCENARIO = (
    PAGE.read_text(encoding="utf-8").partition("```yaml\n# checkout.yaml")[2].partition("\n")[2].partition("```")[0]
)
APPLICATION = """
import http.server, json, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"headers": dict(self.headers), "environment": dict(os.environ)}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_run_sends_a_span_for_every_request_and_the_figures_of_its_report(tmp_path: Path) -> None:
    scenario, report = tmp_path / "s.yaml", tmp_path / "report.json"
    scenario.write_text(SCENARIO, encoding="utf-8")
    with collecting() as collector:
        options = ["--otlp-endpoint", collector.url, "--json", str(report), "--state", str(tmp_path / "state")]
        done = CliRunner().invoke(app, ["run", str(scenario), "--clock", "real", *options])
        assert done.exit_code == 0, done.output
        assert f"metrics over OTLP to {collector.url}/v1/metrics" in done.output
        assert f"traces over OTLP to {collector.url}/v1/traces" in done.output
        spans, metrics = collector.spans(), collector.latest()
    by_status = {int(key): count for key, count in json.loads(report.read_text())["requests"]["by_status"].items()}
    assert by_status[200] > 0 < by_status[429]
    servers = [values(span.attributes) for span in spans if span.kind == Span.SPAN_KIND_SERVER]
    assert Counter(each["http.response.status_code"] for each in servers) == by_status
    assert {(each["apprunner.service"], each["url.path"], each["url.query"]) for each in servers} == {
        ("web", "/page", "a=b")
    }
    decisions = Counter(each["apprunner.decision"] for each in servers)
    assert decisions["rejected"] == by_status[429]
    assert sum(span.name == "upstream" for span in spans) == by_status[200]
    points = metrics["apprunner.requests"].sum.data_points
    classes = {values(point.attributes)["apprunner.code_class"]: point.as_int for point in points}
    assert (classes["2xx"], classes["4xx"]) == (by_status[200], by_status[429])


def test_services_of_the_api_with_x_ray_are_traced(tmp_path: Path) -> None:
    folder = tmp_path / "application"
    folder.mkdir()
    (folder / "app.py").write_text(APPLICATION, encoding="utf-8")
    process = ProcessApplication(("python3", "app.py"), working_directory=folder)

    async def main() -> None:
        with collecting() as collector:
            traces = TracesExport(
                Destination(f"{collector.url}/v1/traces"), services=TracedServices.CONFIGURED, xray=True
            )
            serving = await open_serving(
                ServingSettings(
                    ControlPlaneSettings(tmp_path / "state", listener=None, profile=profile_named("instant", 0.01)),
                    LiveSettings(tmp_path / "state"),
                    WorkloadSettings(
                        startup_probe_s=0.02, policy=PolicyChoice(start_lag_s=0.0), stop_grace_s=5.0, settle_s=1.0
                    ),
                    ApplicationSettings({IMAGE: process}),
                    exports=ExportSettings(otlp=OtlpSettings(traces=traces)),
                )
            )
            async with serving:
                stage = Stage(serving)
                plain, traced = await created(stage, "plain"), await created(stage, "traced", is_traced=True)
                told = await asked(stage, plain["ServiceUrl"])
                assert told["headers"]["traceparent"] == PARENT
                assert "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" not in told["environment"]
                told = await asked(stage, traced["ServiceUrl"])
                assert told["environment"]["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] == f"{collector.url}/v1/traces"
                # Tracing follows the configuration: after it is switched off, the next request has no span.
                stage.call(
                    "UpdateService",
                    ServiceArn=traced["ServiceArn"],
                    ObservabilityConfiguration={"ObservabilityEnabled": False},
                )
                await stage.settled()
                assert (await asked(stage, traced["ServiceUrl"]))["headers"]["traceparent"] == PARENT
                instance = serving.workload.instance_id(traced["ServiceArn"], 1)
            server, upstream = collector.spans()
            said = values(server.attributes)
            assert (said["apprunner.service"], said["apprunner.instance.id"]) == ("traced", instance)
            assert server.parent_span_id.hex() == "00f067aa0ba902b7"
            trace_id, span_id = server.trace_id.hex(), upstream.span_id.hex()
            assert told["headers"]["traceparent"] == f"00-{trace_id}-{span_id}-01"
            assert told["headers"]["x-amzn-trace-id"] == (
                f"Root=1-{trace_id[:8]}-{trace_id[8:]};Parent={span_id};Sampled=1"
            )
            assert values(upstream.attributes)["server.address"] == "127.0.0.1"

    run(ClockKind.REAL, main)


async def created(stage: Stage, name: str, *, is_traced: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = stage.call(
        "CreateService",
        ServiceName=name,
        SourceConfiguration=stage.source(),
        ObservabilityConfiguration={"ObservabilityEnabled": is_traced},
    )["Service"]
    await stage.settled()
    return made


async def asked(stage: Stage, host: str) -> Any:
    """Return what the application received from a client that has a trace of its own."""
    front = stage.serving.platform.front
    assert front is not None
    connector = aiohttp.TCPConnector(ssl=front.client_context(), resolver=ToLoopback())
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get(front.url(host), headers={"traceparent": PARENT}) as answer,
    ):
        assert answer.status == 200
        return await answer.json(content_type=None)
