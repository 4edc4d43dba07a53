"""The Python API: the same bytes as the command line, inside a running loop, and errors that name what is missing."""

from __future__ import annotations

import datetime as dt
import html
import importlib
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
import yaml

from simulator import MissingLibrary, Result, Scenario, ScenarioError, compare
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.serialization import report_json
from simulator.scenario.scenario import load_scenario
from simulator.scenario.shipped import shipped_scenarios
from simulator.sdk.run_in_thread import Stop, run_in_thread

SMALL = """
duration: 20s
seed: 4
services:
  web:
    max_concurrency: 5
    max_size: 4
    policy: {name: app-runner, window: 5s, start_lag: 1s}
    application: {simulated: {start_up: 1s, io: 100ms}}
traffic:
  - {name: visitors, poisson: {rate: 60/s}}
checks: [p95 < 1 s]
"""


@pytest.fixture(scope="module")
def result() -> Result:
    return Scenario.from_text(SMALL, name="small").run(requests=True)


async def test_inside_a_running_loop_the_bytes_are_those_of_the_command_line() -> None:
    here = Scenario("first-look").run(seed=5).json()
    there = run_in_thread(
        lambda: report_json(
            build_report(play(Run(load_scenario(shipped_scenarios()["first-look"]).with_seed(5)), signals=False))
        )
    )
    assert here == there


def test_importing_the_package_imports_nothing_of_it() -> None:
    code = "import simulator, sys; print([m for m in sys.modules if m.startswith('simulator.')])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.strip() == "[]"


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    import simulator  # noqa: PLC0415

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = simulator.nothing


def test_frames_have_the_reports_numbers(result: Result) -> None:
    part = result.report.services[0]
    series = result.series()
    assert list(series["offered"]) == part.series.offered
    assert series["at_s"].iloc[1] == part.series.width_s
    assert len(result.decisions()) == len(part.decisions)
    assert result.series(library="arrow").column("served").to_pylist() == part.series.served
    assert len(result.requests()) == result.requests("arrow").num_rows == part.requests.whole_run.requests
    assert result.bill()["usd"].sum() == pytest.approx(part.cost.run.usd)
    assert list(result.checks()["text"]) == ["p95 < 1 s"]


def test_a_cell_shows_figures_and_decisions_and_loads_nothing(result: Result) -> None:
    shown = result._repr_html_()
    assert "p50, p95, p99" in shown
    assert "&rarr;" in shown
    assert "http" not in shown.replace("http://www.w3.org", "")
    assert "srcdoc" in result.page()._repr_html_()


def test_a_missing_library_is_reported_with_its_extra(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(module: str) -> Any:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(importlib, "import_module", nowhere)
    with pytest.raises(MissingLibrary, match=r"pandas, .* is not installed; .*pip install '\.\[notebook\]'"):
        result.series()


def test_missing_data_of_a_result_is_reported(result: Result) -> None:
    with pytest.raises(ValueError, match="requests = not kept"):
        Scenario.from_text(SMALL).run().requests()
    with pytest.raises(ValueError, match="service = 'api', must be one of web"):
        result.series("api")
    with pytest.raises(ValueError, match="scenario = 'nowhere', must be a file or one of"):
        Scenario("nowhere")
    with pytest.raises(ScenarioError, match="max_concurrency = 0"):
        Scenario.from_text(SMALL).change(max_concurrency=0)
    with pytest.raises(ValueError, match="clock = 'sundial'"):
        Scenario.from_text(SMALL).run(clock="sundial")  # type: ignore[arg-type]


def test_a_change_gives_another_scenario_and_leaves_the_first() -> None:
    first = Scenario.from_text(SMALL)
    second = first.change(max_concurrency=50).change({"web.max_size": 2})
    assert first.checked.services["web"].max_concurrency == 5
    assert (second.checked.services["web"].max_concurrency, second.checked.services["web"].max_size) == (50, 2)


def test_a_changed_scenario_with_data_files_is_swept_and_compared_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "counts.csv").write_text("at,count\n0,100\n10,200\n", encoding="utf-8")
    text = SMALL.replace("poisson: {rate: 60/s}", "bins: {file: counts.csv, bin: 10s}")
    scenario = Scenario.from_text(text, name="counted", folder=tmp_path).change(max_concurrency=8)
    monkeypatch.chdir(tmp_path.parent)
    frame = scenario.sweep({"min_size": [1, 2]}, seeds=2).frame()
    assert list(frame["min_size"]) == [1, 1, 2, 2]
    assert list(frame["seed"]) == [4, 5, 4, 5]
    assert "error" not in frame
    comparison = compare(scenario.change(max_concurrency=1), ["configured", "fixed"], seeds=2, oracle=False)
    assert list(comparison.frame()["candidate"]) == ["configured", "fixed"]
    assert len(comparison.runs()) == 4
    assert "baseline: fixed.</strong>" in comparison._repr_html_()


def test_another_thread_can_end_a_run_early() -> None:
    scenario = Scenario.from_text(SMALL.replace("20s", "10000s")).checked
    stop = Stop()
    stop.run = Run(scenario, watcher=stop)
    threading.Timer(0.2, stop.want).start()
    record = run_in_thread(lambda: play(stop.run, signals=False) if stop.run is not None else None)
    assert record is not None
    assert not record.complete
    assert record.ended_s < 10_000


class TwoFromTheStart:
    """A policy that a notebook defines."""

    def decide(self, _observation: Any) -> Any:
        return np.int64(2)


@pytest.mark.case("L15", "L68")
def test_a_policy_may_be_a_class() -> None:
    result = Scenario.from_text(SMALL).run(policy=TwoFromTheStart)
    assert result.report.services[0].policy == "TwoFromTheStart"
    assert set(result.decisions()["desired"]) == {2}
    comparison = compare(Scenario.from_text(SMALL), ["configured", TwoFromTheStart], seeds=2, oracle=False)
    assert list(comparison.frame()["candidate"]) == ["configured", "TwoFromTheStart"]


@pytest.mark.case("L15", "L68")
def test_an_object_that_is_not_a_policy_or_has_no_file_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"a class with a method decide\(self, observation\)"):
        Scenario.from_text(SMALL).run(policy=dict)
    with pytest.raises(ValueError, match=r"FILE\.py:TwoFromTheStart with several workers"):
        compare(Scenario.from_text(SMALL), [TwoFromTheStart], workers=2)


@pytest.mark.case("L15")
def test_numbers_of_numpy_are_numbers() -> None:
    scenario = Scenario.from_text(SMALL).change(max_concurrency=np.int64(40), duration=dt.timedelta(seconds=2))
    assert (scenario.checked.services["web"].max_concurrency, scenario.checked.duration_s) == (40, 2.0)
    frame = scenario.sweep({"max_concurrency": np.arange(1, 4)}).frame()
    assert list(frame["max_concurrency"]) == [1, 2, 3]
    assert scenario.run(seed=np.int64(5)).report.run.seed == 5
    with pytest.raises(ScenarioError, match="a whole number"):
        scenario.change(max_concurrency=np.float64(40.5))


@pytest.mark.case("L15", "L68")
def test_a_scenario_may_be_a_mapping() -> None:
    data = yaml.safe_load(SMALL)
    assert Scenario(data).run().figures == Scenario.from_text(SMALL).run().figures
    assert Scenario.from_dict(data | {"seed": np.int64(9)}).checked.seed == 9
    with pytest.raises(ScenarioError, match="max_concurency"):
        Scenario(data | {"services": {"web": {"max_concurency": 3}}})
    with pytest.raises(ValueError, match="value = <object"):
        Scenario(data | {"seed": object()})


@pytest.mark.case("L15", "L68")
@pytest.mark.parametrize("kind", ["pandas", "indexed", "series", "arrow"])
def test_a_recording_may_be_a_data_frame(kind: str, tmp_path: Path) -> None:
    times = pd.date_range("2024-01-01", periods=20, freq="1s", tz="UTC")
    counts = pd.Series([7 * (n % 3) for n in range(20)], index=times, name="count")
    frame: Any = {
        "pandas": counts.rename_axis("time").reset_index(),
        "indexed": counts.to_frame(),
        "series": counts,
        "arrow": pa.Table.from_pandas(counts.rename_axis("time").reset_index()),
    }[kind]
    source = {"name": "day", "bins": {"file": frame, "column": "count", "time_column": "time", "bin": "1s"}}
    scenario = Scenario(yaml.safe_load(SMALL) | {"traffic": [source]})
    assert scenario.run().report.requests.requests == counts.sum()
    assert scenario.sweep({"min_size": [1]}).rows[0]["requests"] == counts.sum()


@pytest.mark.case("L15")
def test_a_frame_alone_is_rejected_as_scenario() -> None:
    with pytest.raises(ValueError, match=r"a DataFrame .*must be a file, a shipped scenario's name or a mapping"):
        Scenario(pd.DataFrame({"count": [1]}))  # type: ignore[arg-type]


@pytest.mark.case("L19")
def test_a_comparisons_frame_has_intervals_and_differences() -> None:
    comparison = compare(Scenario.from_text(SMALL), ["configured", "fixed"], seeds=3, oracle=False)
    frame = comparison.frame().set_index("candidate")
    own, fixed = comparison.data.cases[0].rows
    runs = comparison.runs().set_index("candidate")["run_usd"]
    assert frame.loc["configured", "run_usd_low"] == own.estimates["run_usd"].low
    assert frame.loc["fixed", "run_usd_high"] == fixed.estimates["run_usd"].high
    assert frame.loc["fixed", "run_usd_difference"] == pytest.approx(runs["fixed"].mean() - runs["configured"].mean())
    assert frame.loc["fixed", "run_usd_difference_low"] <= frame.loc["fixed", "run_usd_difference"]
    assert pd.isna(frame.loc["configured", "run_usd_difference"])


@pytest.mark.case("L66")
def test_notable_properties_of_a_recording_are_notes_of_every_result(tmp_path: Path) -> None:
    """As on the command line; the file is written to the folder from which the scenario is read."""
    (tmp_path / "r.csv").write_text("at\n3\n1\n2\n")
    text = SMALL.replace("{name: visitors, poisson: {rate: 60/s}}", "trace: {file: r.csv, format: seconds}")
    scenario = Scenario.from_text(text, name="small", folder=tmp_path)
    (file := tmp_path / "small.yaml").write_text(text)
    command = [sys.executable, "-m", "simulator", "run", str(file), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stderr.splitlines()
    assert said
    assert any("order" in note for note in said)

    result = scenario.run()
    assert result.notes[: len(said)] == said
    assert all(html.escape(note) in result._repr_html_() for note in said)
    sweep = scenario.sweep({"max_size": [1, 2]})
    assert sweep.notes == said
    assert html.escape(said[0]) in sweep._repr_html_()
    compared = compare(scenario, ["configured"], seeds=1, oracle=False)
    assert compared.notes[: len(said)] == [note.replace("note:", "small:") for note in said]
    assert html.escape(compared.notes[0]) in compared._repr_html_()


def test_assumptions_are_ranked_and_noise_has_three_seeds() -> None:
    text = """
duration: 20s
services:
  web:
    policy: fixed
    balancing: random
    application: {simulated: {io: 100ms}}
traffic:
  - clock: {rate: 10/s}
"""
    part = Scenario.from_text(text).assumptions(seed=5)
    assert part.seeds == [5, 6, 7]
    assert [(each.setting, each.within_noise) for each in part.ranked] == [("overflow", True), ("drain_timeout", True)]


def test_a_verdict_has_the_change_that_would_have_prevented_the_loss() -> None:
    scenario = Scenario.from_text(
        "{duration: 20s, services: {web: {max_concurrency: 2, max_size: 1, application: {simulated: {io: 100ms}}}},"
        " traffic: [{clock: {rate: 30/s}}]}"
    )
    result = scenario.run(what_ifs=3)
    assert result.verdict.services[0].what_ifs[0].is_enough
    assert "would have rejected none" in result.verdict.text
    assert scenario.run().verdict.services[0].what_ifs == []
