"""The comparison of a run in real time with its file in virtual time.

The measured run is played in virtual time from a file with other service times, so that the truth is known.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from functools import cache

import numpy as np
import pytest

from simulator.lab.measured.service_times import service_times, with_service_times
from simulator.model.text.edited_yaml import with_values
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord, build_report
from simulator.report.service_times.part import ServiceTimesPart
from simulator.scenario.scenario import ScenarioSpec, read_scenario

SCENARIO = """
duration: 60s
warm_up: 5s
services:
  web:
    max_concurrency: 3
    max_size: 1
    policy: {name: fixed, instances: 1}
    application:
      process: {command: "true"}
      simulated: SIMULATED
traffic: [{name: all, poisson: {rate: 30/s}, requests: REQUESTS}]
TIMELINE
"""
ONE, TWO = "[{path: /}]", "[{path: /a}, {path: /b}]"
FILE = "{io: 103ms}"


def text_of(simulated: str, requests: str = ONE, timeline: str = "") -> str:
    return SCENARIO.replace("SIMULATED", simulated).replace("REQUESTS", requests).replace("TIMELINE", timeline)


@cache
def measured(simulated: str, requests: str = ONE) -> tuple[RunRecord, list[dict[str, str]]]:
    """Return the record of a run with these true service times, as if real instances had them, and its rows."""
    scenario, rows = read_scenario(text_of(simulated, requests)).with_measured_paths(), io.StringIO()
    record = play(Run(scenario, csv=rows))
    times = {n: record.stats_by_source.after_warm_up([n]).service for n in range(len(scenario.numbers.sources))}
    found = list(csv.DictReader(io.StringIO(rows.getvalue())))
    return dataclasses.replace(record, clock="real", real_service_time=times), found


def compared(truth: str, file: str = FILE, requests: str = ONE, timeline: str = "") -> ServiceTimesPart:
    part = service_times(measured(truth, requests)[0], read_scenario(text_of(file, requests, timeline)))
    assert part is not None
    return part


def served_s(rows: list[dict[str, str]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([float(row["service_s"]) for row in rows if row["status"] == "200" and row["warm_up"] == "0"])


def test_the_figures_are_those_of_the_rows_of_both_runs() -> None:
    truth = "{io: {lognormal: {median: 136ms, p95: 170ms}}}"
    part = compared(truth)
    (route,) = part.routes
    scenario, rows = read_scenario(text_of(FILE)), io.StringIO()
    play(Run(scenario, csv=rows))
    virtual = list(csv.DictReader(io.StringIO(rows.getvalue())))
    for figures, found in ((route.measured, measured(truth)[1]), (route.modelled, virtual)):
        times_s = served_s(found)
        assert figures.requests == len(times_s)
        assert figures.mean_s == pytest.approx(float(times_s.mean()), rel=1e-4)
        for quantile, value_s in ((0.5, figures.p50_s), (0.95, figures.p95_s)):
            assert value_s == pytest.approx(float(np.quantile(times_s, quantile, method="inverted_cdf")), rel=0.004)
    (rejected,) = part.rejected
    for ratio, found in ((rejected.measured, measured(truth)[1]), (rejected.modelled, virtual)):
        statuses = [row["status"] for row in found if row["warm_up"] == "0"]
        assert ratio == pytest.approx(statuses.count("429") / len(statuses))
    times_s = served_s(measured(truth)[1])
    cv2 = float(times_s.var() / times_s.mean() ** 2)
    assert route.chance == pytest.approx(2.576 * ((1 + cv2) / len(times_s)) ** 0.5, rel=0.01)
    assert route.differs == ["p50", "p95", "mean"]


@pytest.mark.parametrize(
    ("truth", "file", "keys"),
    [
        ("{io: {exponential: 136ms}}", FILE, {"io"}),
        ("{io: 80ms}", FILE, {"io"}),
        ("{cpu: 10ms, io: 126ms}", "{cpu: 10ms, io: 90ms}", {"io"}),
        ("{cpu: 15ms, io: 20ms}", "{cpu: 60ms, io: 80ms}", {"cpu", "io"}),
        ("{io: 136ms, workers: 2}", "{io: 100ms, workers: 2}", {"io"}),
    ],
)
def test_with_the_measured_law_virtual_time_says_what_was_measured(truth: str, file: str, keys: set[str]) -> None:
    part = compared(truth, file)
    (route,), (rejected,) = part.routes, part.rejected
    assert route.differs
    assert route.corrected is not None
    assert route.corrected.p50_s == pytest.approx(route.measured.p50_s, rel=0.1)
    assert route.corrected.p95_s == pytest.approx(route.measured.p95_s, rel=0.1)
    assert route.corrected.mean_s == pytest.approx(route.measured.mean_s, rel=0.05)
    assert rejected.measured is not None
    assert rejected.corrected is not None
    assert rejected.corrected == pytest.approx(rejected.measured, abs=0.03)
    assert {law.setting[-1] for law in part.laws} == keys


def test_the_law_written_into_the_file_gives_the_corrected_run() -> None:
    part = compared("{io: {exponential: 136ms}}")
    text = with_values(text_of(FILE), {("services", law.service, *law.setting): law.yaml for law in part.laws})
    report = build_report(play(Run(read_scenario(text))))
    (rejected,) = part.rejected
    assert report.requests.rejected_ratio == rejected.corrected
    assert part.routes[0].corrected is not None
    assert report.requests.service.p95_s == part.routes[0].corrected.p95_s


def test_paths_that_differ_have_laws_of_their_own() -> None:
    part = compared("{io: 100ms, paths: {/b: {io: 180ms}}}", requests=TWO)
    assert [(route.path, bool(route.differs)) for route in part.routes] == [("", True), ("/a", False), ("/b", True)]
    assert [law.setting for law in part.laws] == [
        ["application", "simulated", "paths", path, "io"] for path in ("/a", "/b")
    ]
    corrected = [route.corrected for route in part.routes]
    assert [None if each is None else round(each.p50_s, 2) for each in corrected[1:]] == [0.1, 0.18]


def test_paths_that_do_not_differ_have_one_law() -> None:
    (law,) = compared("{io: 140ms}", requests=TWO).laws
    assert law.setting == ["application", "simulated", "io"]


def test_a_difference_within_chance_has_no_law_and_no_note() -> None:
    record, scenario = measured("{io: 103ms}")[0], read_scenario(text_of("{io: 104ms}"))
    report = with_service_times(build_report(record), record, scenario)
    assert report.service_times is not None
    assert report.service_times.laws == []
    assert report.service_times.routes[0].differs == []
    assert not [note for note in report.notes if note.kind == "service time"]


def test_the_note_is_in_the_report_which_keeps_its_digest() -> None:
    record, scenario = measured("{io: 136ms}")[0], read_scenario(text_of(FILE))
    before = build_report(record)
    after = with_service_times(before, record, scenario)
    assert before.digest == after.digest
    (note,) = [note for note in after.notes if note.kind == "service time"]
    assert "the median is 32 % longer" in note.text


def test_times_of_another_application_are_not_written_as_a_law() -> None:
    timeline = "timeline: [{at: 30s, deploy: {application: {simulated: {io: 50ms}}}}]"
    part = compared("{io: 136ms}", timeline=timeline)
    assert part.laws == []
    assert list(part.no_law) == ["web"]
    assert part.routes[0].corrected is None


def test_rejected_requests_are_not_compared_if_someone_acted_on_the_run() -> None:
    part = service_times(measured("{io: 136ms}")[0], read_scenario(text_of(FILE)), is_touched=True)
    assert part is not None
    assert part.rejected == []


@pytest.mark.parametrize("case", ["interrupted", "nothing measured", "no simulated application"])
def test_without_two_sides_there_is_no_part(case: str) -> None:
    record, scenario = measured("{io: 136ms}")[0], read_scenario(text_of(FILE))
    match case:
        case "interrupted":
            record = dataclasses.replace(record, complete=False)
        case "nothing measured":
            record = dataclasses.replace(record, real_service_time={})
        case _:
            scenario = _only_real(scenario)
    assert service_times(record, scenario) is None


def _only_real(scenario: ScenarioSpec) -> ScenarioSpec:
    application = scenario.services["web"].application.model_copy(update={"simulated": None})
    return scenario.with_services({"web": {"application": application}})
