"""Traces of a run in virtual time."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from typer.testing import CliRunner

from simulator.cli import app
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord
from simulator.rules.sampling import Sampling
from simulator.scenario.scenario import read_scenario
from simulator.telemetry.exporters import ExportSettings
from simulator.telemetry.otlp.settings import Destination, OtlpSettings, TracesExport
from tests.telemetry.otlp.collector import Collector, collecting, values

TEXT = """
duration: 40s
services:
  web:
    max_concurrency: 2
    max_size: 3
    overflow: {mode: queue, wait: 10s, queue: 20}
    application: {simulated: {io: 100ms, start_up: 2s}}
traffic:
  - {name: steady, service: web, clock: {rate: 30/s}}
"""
BEGIN_S = 1_800_000_000.0


def played(collector: Collector, sampling: Sampling, timeout_s: float = 10.0) -> RunRecord:
    # A queue that is far shorter than the number of requests: it waits for the collector, otherwise they would be lost.
    to = Destination(f"{collector.url}/v1/traces", timeout_s=timeout_s)
    traces = TracesExport(to, sampling, requests_max=50, batch_max=25, begin_s=BEGIN_S)
    return play(Run(read_scenario(TEXT), exports=ExportSettings(otlp=OtlpSettings(traces=traces))))


def test_every_request_is_a_trace_in_the_run_s_own_time() -> None:
    with collecting() as collector:
        record = played(collector, Sampling())
    stats = record.stats_by_source.whole()
    roots = [span for span in collector.spans() if span.kind == Span.SPAN_KIND_SERVER]
    assert Counter(values(span.attributes)["http.response.status_code"] for span in roots) == stats.statuses
    assert {span.name for span in roots} == {"request"}
    assert min(span.start_time_unix_nano for span in roots) >= BEGIN_S * 1e9
    assert max(span.end_time_unix_nano for span in roots) <= (BEGIN_S + 60) * 1e9
    assert len({span.trace_id for span in roots}) == len(roots)
    cold = [span for span in collector.spans() if span.name == "cold start"]
    assert len(cold) >= stats.cold_starts > 0
    decisions = Counter(values(span.attributes)["apprunner.decision"] for span in roots)
    assert 0 < decisions["rejected"] <= stats.statuses[429]  # the others were in the queue for too long
    assert record.events == play(Run(read_scenario(TEXT))).events  # tracing does not change a run


def test_a_part_of_them_is_sampled() -> None:
    with collecting() as collector:
        record = played(collector, Sampling(0.1))
    roots = sum(span.kind == Span.SPAN_KIND_SERVER for span in collector.spans())
    # Of 1,200 requests 120 are expected, with a standard deviation of 10: within five of these.
    assert record.stats_by_source.whole().requests == 1200
    assert 70 <= roots <= 170


def test_an_unreachable_collector_does_not_delay_a_run(caplog: pytest.LogCaptureFixture) -> None:
    with collecting() as collector:
        collector.stop()
        record = played(collector, Sampling(), timeout_s=0.05)
    assert record.complete
    requests = record.stats_by_source.whole().requests
    assert f"{requests} were dropped, 0 were sent to" in caplog.records[-1].message


def test_the_command_sends_traces_to_the_given_endpoint_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s.yaml").write_text(TEXT, encoding="utf-8")
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        done = CliRunner().invoke(app, ["run", str(tmp_path / "s.yaml"), "--quiet"])
        assert done.exit_code == 0, done.output
        assert not collector.traces
        options = ["--otlp-endpoint", collector.url, "--trace-sampling", "0.1"]
        done = CliRunner().invoke(app, ["run", str(tmp_path / "s.yaml"), "--quiet", *options])
        assert done.exit_code == 0, done.output
        assert collector.traces
        assert not collector.metrics
