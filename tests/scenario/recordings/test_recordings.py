"""Notes on a recording before a run: every change to it and every omission is reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.traffic.shapes.arrivals import arrival_chunks
from simulator.world.random_streams import RandomStreams

TEXT = """
duration: {duration}
services: {{web: {{application: {{simulated: {{io: 50ms}}}}}}}}
traffic: [{{name: rec, {source}}}]
timeline: [{timeline}]
"""


def scenario_of(folder: Path, rows: str, source: str, *, duration: str = "60s", timeline: str = "") -> ScenarioSpec:
    (folder / "r.csv").write_text(rows)
    return read_scenario(TEXT.format(duration=duration, source=source, timeline=timeline), folder=folder)


def notes_of(folder: Path, rows: str, source: str, duration: str = "60s") -> list[str]:
    return [
        note.removeprefix(f"{folder / 'r.csv'}: ")
        for note in scenario_of(folder, rows, source, duration=duration).recording_notes()
    ]


@pytest.mark.case("L66")
@pytest.mark.parametrize(
    ("rows", "source", "notes"),
    [
        ("at\n0\n58\n", "trace: {file: r.csv, format: seconds}", []),
        (
            "at\n0\n20\n",
            "trace: {file: r.csv, format: seconds}",
            ["the recording ends 20s into the run; rec sends nothing after that"],
        ),
        (
            "at\n0\n59\n60\n61\n",
            "trace: {file: r.csv, format: seconds}",
            ["the run has room for 1m00s of the recording; what comes later is not played"],
        ),
        (
            "at\n3\n59\n0\n",
            "trace: {file: r.csv, format: seconds}",
            ["1 row is out of order: the recording is sorted by time"],
        ),
        ("n\n1\n2\n3\n", "bins: {file: r.csv, bin: 20s}", []),
        (
            "n\n1\n2\n",
            "bins: {file: r.csv, bin: 20s}",
            ["the recording ends 40s into the run; rec sends nothing after that"],
        ),
        (
            "n\n1\n2\n3\n4\n5\n",
            "bins: {file: r.csv, bin: 20s}, from: 20s, time_scale: 0.5",
            ["the run has room for 1m20s of the recording; the last 20s of it are not played"],
        ),
        (
            "n\n0.5\n2\n3\n",
            "bins: {file: r.csv, bin: 20s}",
            ["counts have fractions: they are taken as means, and each bin's count is drawn around its mean"],
        ),
        (
            "at,n,errors\nx,5,1\ny,5,1\nz,5,1\n",
            "bins: {file: r.csv, bin: 20s}",
            ["counts are taken from the last column, errors; `column` names another: n"],
        ),
        (
            "at,n\n2026-01-01 00:00:00,5\n2026-01-01 00:00:40,5\n",
            "bins: {file: r.csv, bin: 20s, time_column: at}",
            ["1 of 3 bins have no row, the first 20s after the start: no request comes in them"],
        ),
        (
            "at,n\n2026-01-01 00:00:40,5\n2026-01-01 00:00:20,5\n2026-01-01 00:00:00,5\n2026-01-01 00:00:05,5\n",
            "bins: {file: r.csv, bin: 20s, time_column: at}",
            [
                "rows are out of order: they are sorted by time",
                "1 of 3 bins have several rows: their counts are added up",
            ],
        ),
        (
            "at,n\n2026-01-01 00:00:00,5\n2026-01-01 00:00:20,5\n2026-01-01 00:01:20,5\n",
            "bins: {file: r.csv, bin: 20s}",
            [
                (
                    "rows are played one after the other, a bin of 20s each, but by their at 1 of them are not so far "
                    "from the row above: the first is line 4, 1m00s on; `time_column: at` puts each where it belongs"
                )
            ],
        ),
    ],
)
def test_notable_properties_of_a_recording_are_reported(
    tmp_path: Path, rows: str, source: str, notes: list[str]
) -> None:
    assert notes_of(tmp_path, rows, source) == notes


@pytest.mark.case("L3", "L4")
@pytest.mark.parametrize("clock", ["virtual", "real"])
@pytest.mark.parametrize("rows", ["n\n5\n-1\n", "n\n5\nnan\n", "n\n5\nmany\n", "n\n", "", "5\n6\n"])
def test_a_scenario_with_a_bad_recording_cannot_be_played_on_any_clock(tmp_path: Path, rows: str, clock: str) -> None:
    scenario = scenario_of(tmp_path, rows, "bins: {file: r.csv, bin: 20s}")

    with pytest.raises(ScenarioError) as caught:
        scenario.require(clock)
    assert caught.value.problems[0].file == str(tmp_path / "r.csv")


@pytest.mark.case("L7")
@pytest.mark.parametrize(("scale", "seed"), [(1.0, 1), (3.0, 2), (0.5, 3)])
def test_fractions_are_drawn_so_that_none_is_lost(tmp_path: Path, scale: float, seed: int) -> None:
    """4,000 bins of 0.3 requests: rounded per bin, no request would be left.

    The variance of a Poisson sum is its mean.
    """
    bins = 4000
    rows = "n\n" + "0.3\n" * bins
    scenario = scenario_of(tmp_path, rows, f"bins: {{file: r.csv, bin: 1s}}, scale: {scale}", duration=f"{bins}s")
    chunks = list(arrival_chunks(scenario.traffic[0], RandomStreams(seed), 0, float(bins)))
    count, mean = sum(map(len, chunks)), 0.3 * scale * bins

    assert abs(count - mean) < 4 * mean**0.5
    per_bin = np.bincount(np.concatenate(chunks).astype(int), minlength=bins)
    assert per_bin.var() == pytest.approx(0.3 * scale, rel=0.15)


@pytest.mark.case("L20", "R19")
@pytest.mark.parametrize(
    ("source", "timeline", "expected"),
    [
        ("poisson: {rate: 9000000/s}, scale: 2", "", "the peak is 1.8e+07/s, at most 1e+07/s"),
        ("ramp: {start: 0, end: 100/s, over: 5s}, time_scale: 0.000001", "", "the peak is 1e+08/s"),
        ("clock: {rate: 9000/s}", "{at: 5s, rate: {factor: 100000}}", "the peak is 9e+08/s"),
        ("bins: {file: r.csv, bin: 1s}, scale: 1000000", "", "the peak is 5e+07/s"),
        ("trace: {file: r.csv, format: seconds}, scale: 1001", "", "at most 1000"),
    ],
)
def test_more_than_can_be_played_is_rejected_with_the_bound(
    tmp_path: Path, source: str, timeline: str, expected: str
) -> None:
    scenario = scenario_of(tmp_path, "n\n50\n", source, timeline=timeline)

    with pytest.raises(ScenarioError) as caught:
        scenario.require("virtual")
    (problem,) = caught.value.problems
    assert problem.path == "traffic[0].scale"
    assert expected in problem.expected


@pytest.mark.case("L20", "R19")
@pytest.mark.parametrize(
    ("source", "duration", "message"),
    [
        ("poisson: {rate: 1e9/s}", "60s", "rate = 1e9/s, must be a rate: at most 10000000/s"),
        ("poisson: {rate: 1e300/s}", "60s", "must be a rate: at most 10000000/s"),
        ("poisson: {rate: 1e999/s}", "60s", "must be a finite number"),
        ("closed: {users: 1000000000}", "60s", r"users = 1000000000, must be at most 1e\+06"),
        ("poisson: {rate: 1/s}, scale: 1e12", "60s", "must be at most 1e"),
        ("poisson: {rate: 1/s}", "1e12s", "duration = 1e12s, must be a duration: at most 10000d"),
        ("poisson: {rate: 1/s}", "367d", r"duration = 367d, must be at most"),
        ("poisson: {rate: 1/s}, from: 1e300s", "60s", "must be a duration: at most 10000d"),
    ],
)
def test_absurd_numbers_are_rejected_with_the_bound(tmp_path: Path, source: str, duration: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        scenario_of(tmp_path, "n\n1\n", source, duration=duration)
