from __future__ import annotations

import dataclasses
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.model.times import RunTime
from simulator.records.events import Event, ScalingDecided
from simulator.records.request_stats import StatsBySource
from simulator.report.report import build_report
from simulator.report.schema import REPORT_VERSION, Report, report_schema
from simulator.report.serialization import digest_of, report_json
from simulator.traffic.live.summary import KEPT_UP_S
from tests.records.rows import Row, tell
from tests.report.fake_run import DURATION_S, FACTS, decided, fake_run

_WRITE = (
    "from tests.report.fake_run import fake_run; from simulator.report.report import build_report; "
    "from simulator.report.serialization import report_json; print(report_json(build_report(fake_run())), end='')"
)


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report(fake_run())


def test_the_same_run_gives_the_same_bytes_under_any_hash_seed() -> None:
    root = Path(__file__).parents[2]
    outputs = [
        subprocess.run(
            [sys.executable, "-c", _WRITE],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            cwd=root,
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1] == report_json(build_report(fake_run())).encode()


def test_another_run_has_another_digest(report: Report) -> None:
    assert build_report(fake_run(seed=2)).digest != report.digest


def test_watching_a_run_does_not_change_its_report(report: Report) -> None:
    assert report_json(build_report(fake_run(chunks=50))) == report_json(report)


def test_the_digest_can_be_checked_from_the_document_alone(report: Report) -> None:
    read_back = Report.model_validate_json(report_json(report))
    assert digest_of(read_back) == report.digest


def test_the_digest_does_not_depend_on_the_versions_that_played(report: Report) -> None:
    elsewhere = report.model_copy(update={"versions": report.versions.model_copy(update={"python": "3.99"})})
    assert digest_of(elsewhere) == report.digest


def test_the_document_is_json_with_one_newline_at_the_end_and_nine_digits(report: Report) -> None:
    text = report_json(report)
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")
    document = json.loads(text)
    assert document["requests"]["latency"]["mean_s"] == float(f"{report.requests.latency.mean_s:.9g}")


def test_the_document_matches_the_published_schema_field_by_field(report: Report) -> None:
    schema = report_schema()
    document = json.loads(report_json(report))
    # Without downstream resources, web ACLs, image pulls, background work, --assumptions and real instances it has no
    # such fields.
    left_out = ["downstream", "web_acls", "image_pulls", "background", "assumptions", "service_times"]
    assert [*document, *left_out] == list(schema["properties"])
    assert schema["properties"]["report_version"]["const"] == document["report_version"] == REPORT_VERSION


def test_nothing_of_the_host_or_the_wall_clock_is_in_the_document(report: Report) -> None:
    text = report_json(report)
    assert str(Path.cwd()) not in text
    assert os.uname().nodename not in text


def test_requests_count_from_the_end_of_the_warm_up(report: Report) -> None:
    # 20 requests per second, of which the first 10 s are warm-up.
    assert (report.requests.requests, report.requests.whole_run.requests) == (2200, 2400)


def test_sources_add_up_to_their_service_and_services_to_the_whole(report: Report) -> None:
    of_sources = [source.requests for source in report.sources]
    for name in ("requests", "served", "rejected", "failed", "cold_starts"):
        whole = getattr(report.requests, name)
        assert sum(getattr(requests, name) for requests in of_sources) == whole
        assert getattr(report.services[0].requests, name) == whole


def test_statuses_stand_in_ascending_order(report: Report) -> None:
    statuses = report.requests.by_status
    assert list(statuses) == ["200", "404", "429", "503"]
    assert sum(statuses.values()) == report.requests.requests


def test_instances_are_integrated_over_the_run(report: Report) -> None:
    instances = report.services[0].instances
    # 1 from 0, 2 from 35 to 60, 3 from 35 to 95; instance 1 becomes idle at 100.
    assert instances.provisioned_s == 120 + 25 + 60
    assert instances.active_s == 100 + 25 + 60
    assert (instances.provisioned_max, instances.started, instances.crashed) == (3, 3, 1)
    assert instances.provisioned_mean == pytest.approx(205 / 120)


def test_a_decision_has_its_reason_and_the_time_of_its_fulfilment(report: Report) -> None:
    first, second = report.services[0].decisions
    assert (first.before, first.desired, first.clamps) == (1, 3, ["max_size 3"])
    assert first.inputs == {"in_flight": 20.0, "target": 7.0}
    assert first.formula == "ceil(20.0 / (0.7 x 10)) = 3"
    assert (first.ready_after_s, second.ready_after_s) == (12.0, None)


def test_an_infinite_input_of_a_decision_is_null() -> None:
    decision = ScalingDecided(RunTime(1), "web", "fixed", 1, 2, "", "", (("rate", math.inf),), ())
    report = build_report(dataclasses.replace(fake_run(), events=[decision]))
    assert report.services[0].decisions[0].inputs == {"rate": None}


def test_every_fact_of_the_service_is_in_the_report(report: Report) -> None:
    service = report.services[0]
    of_instances = len(service.instance_events) + len(service.configurations)
    assert len(service.decisions) + of_instances + len(service.events) + len(report.timeline) == len(FACTS)


def test_the_bill_of_the_run_is_scaled_to_a_month(report: Report) -> None:
    cost = report.services[0].cost
    # Activations of 100, 25 (billed 60) and 60 s of 1 vCPU; 205 s of 2 GB.
    assert cost.run.usd == pytest.approx((220 * 0.064 + 205 * 2 * 0.007) / 3600)
    assert cost.month.usd == pytest.approx(cost.run.usd * 730 * 3600 / DURATION_S)
    served = report.services[0].requests.whole_run.served
    assert cost.usd_per_million_served == pytest.approx(cost.run.usd / served * 1e6)


def test_the_series_has_one_value_a_bin_and_adds_up(report: Report) -> None:
    series = report.services[0].series
    columns = [column for name, column in series if name != "width_s"]
    assert {len(column) for column in columns} == {120}  # bins of a second with 20 requests each
    assert sum(series.offered) == 2400
    assert sum(series.provisioned) * series.width_s == pytest.approx(205)


def test_an_interrupted_run_reports_what_was_so_far() -> None:
    report = build_report(dataclasses.replace(fake_run(), ended_s=50.05, complete=False))
    series = report.services[0].series
    assert len(series.offered) == 51
    assert sum(series.provisioned[:-1]) + series.provisioned[-1] * 0.05 == pytest.approx(50.05 + 30.1)


def test_a_failed_check_fails_the_report() -> None:
    held = build_report(fake_run(texts=("p95 < 1s",)))
    failed = build_report(fake_run(texts=("p95 < 1s", "status_429 == 0")))
    assert (held.passed, failed.passed) == (True, False)
    assert [check.passed for check in failed.checks] == [True, False]


def test_scale_outs_of_the_warm_up_are_not_checked() -> None:
    events: list[Event] = [decided(5.0, 1, 2)]
    report = build_report(dataclasses.replace(fake_run(texts=("scale_out_delay < 1h",)), events=events))
    assert "after the warm-up" in report.checks[0].reason


def test_a_run_without_any_request_still_has_a_report() -> None:
    report = build_report(dataclasses.replace(fake_run(), stats_by_source=StatsBySource(2)))
    assert (report.requests.requests, report.requests.latency.p50_s, report.requests.error_rate) == (0, None, None)
    assert report.services[0].cost.usd_per_million_served is None
    assert not report.passed


@pytest.mark.parametrize(("late_s", "kept_up"), [(KEPT_UP_S * 0.9, True), (KEPT_UP_S * 1.1, False)])
def test_a_late_generator_is_reported(late_s: float, kept_up: bool) -> None:
    stats_by_source = StatsBySource(2)
    tell(stats_by_source.read, *(Row(late_s=late_s) for _ in range(50)))
    report = build_report(dataclasses.replace(fake_run(), stats_by_source=stats_by_source))
    assert report.generator.kept_up is kept_up


@pytest.mark.case("L49")
def test_the_effect_of_a_late_generator_is_the_first_note() -> None:
    stats_by_source = StatsBySource(2)
    late_s = [0.0] * 60 + [0.3] * 30 + [2.0] * 10
    tell(stats_by_source.read, *(Row(late_s=each, latency_s=1.0 + each) for each in late_s))
    note = build_report(dataclasses.replace(fake_run(), stats_by_source=stats_by_source)).notes[0]
    assert (note.kind, note.service) == ("late load", "")
    mean_ms = 1000 * sum(late_s) / len(late_s)
    for part in (
        "40.0 % of the requests were sent more than 50 ms after",
        "1 % more than 2.00 s",
        "the latest 2.00 s",
        "Latencies are measured from the intended time",
        f"{mean_ms:.0f} ms on average, where the mean latency is {1 + mean_ms / 1000:.2f} s",
        "a check that failed does not prove",
    ):
        assert part in note.text, (part, note.text)


@pytest.mark.case("L49")
def test_a_generator_in_time_is_no_note() -> None:
    assert not [note for note in build_report(fake_run()).notes if note.kind == "late load"]
