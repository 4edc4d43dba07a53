"""The metrics of a run over time, as a file."""

from __future__ import annotations

import io
from pathlib import Path

from typer.testing import CliRunner

from simulator.cli import app
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord
from simulator.scenario.scenario import read_scenario
from simulator.telemetry.exporters import ExportSettings
from simulator.telemetry.prometheus.metrics_file import POINTS_MAX, step_s
from tests.telemetry.exposition import families, points

TEXT = """
duration: 60s
services:
  web:
    max_concurrency: 2
    max_size: 3
    application: {simulated: {io: 100ms, start_up: 2s}}
  quiet:
    application: {simulated: {io: 100ms}}
traffic:
  - {name: steady, service: web, clock: {rate: 45/s}}
"""


def played() -> tuple[RunRecord, str]:
    out, scenario = io.StringIO(), read_scenario(TEXT)
    record = play(Run(scenario, exports=ExportSettings(file=out, duration_s=scenario.duration_s)))
    return record, out.getvalue()


def test_every_moment_is_clean_and_the_last_one_counts_what_the_report_counts() -> None:
    record, text = played()
    assert text.endswith("# EOF\n")
    moments = dict(points(text))
    assert list(moments)[:4] == [15.0, 30.0, 45.0, 60.0]
    read = [families(moment) for moment in moments.values()]
    requests = {
        sample.labels["code_class"]: sample.value
        for sample in read[-1]["apprunner_requests"].samples
        if sample.labels["service"] == "web"
    }
    statuses = dict(record.stats_by_source.whole().statuses)
    assert requests["2xx"] == statuses[200]
    assert requests["4xx"] == statuses.get(429, 0) > 0
    durations = {sample.name: sample.value for sample in read[-1]["apprunner_request_duration_seconds"].samples[-2:]}
    assert durations["apprunner_request_duration_seconds_count"] in {sum(statuses.values()), 0}
    launches = {s.labels["service"]: s.value for s in read[-1]["apprunner_instance_launches"].samples}
    assert launches["web"] >= 2


def test_counters_never_fall() -> None:
    _, text = played()
    last: dict[tuple[str, str], float] = {}
    for _, moment in points(text):
        for family in families(moment).values():
            for sample in family.samples:
                if family.type != "gauge":
                    key = (sample.name, repr(sorted(sample.labels.items())))
                    assert sample.value >= last.get(key, 0.0), key
                    last[key] = sample.value


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert played()[1] == played()[1]


def test_metrics_change_nothing_of_a_run() -> None:
    bare = play(Run(read_scenario(TEXT)))
    assert bare.events == played()[0].events


def test_a_long_run_has_no_more_points_than_fit() -> None:
    for duration_s in (1.0, 3600.0, 86_400.0, 30 * 86_400.0):
        assert step_s(duration_s) % 15 == 0
        assert duration_s / step_s(duration_s) <= POINTS_MAX


def test_the_command_writes_it(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(TEXT, encoding="utf-8")
    done = CliRunner().invoke(app, ["run", str(tmp_path / "s.yaml"), "--metrics", str(tmp_path / "m.om"), "--quiet"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "m.om").read_text(encoding="utf-8") == played()[1]


def test_virtual_time_has_no_endpoint(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(TEXT, encoding="utf-8")
    done = CliRunner().invoke(app, ["run", str(tmp_path / "s.yaml"), "--metrics-port", "0"])
    assert done.exit_code == 2
    assert "must be left out in virtual time" in done.output
