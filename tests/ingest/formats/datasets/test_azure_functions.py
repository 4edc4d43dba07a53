from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.scenario.problems import ScenarioError
from tests.ingest.dataset_files import Invocation, azure_2019, azure_2021, imported


def test_an_invocation_starts_its_duration_before_its_end(tmp_path: Path) -> None:
    file = azure_2021(tmp_path / "a.csv", [Invocation("a", "f", 60.5, 0.5), Invocation("a", "f", 57.158, 57.154)])

    (service,) = imported(file).services

    assert service.times_s is not None
    assert service.durations_s is not None
    np.testing.assert_allclose(service.times_s, [0.0, 60.0 - 0.004])
    np.testing.assert_allclose(service.durations_s, [57.154, 0.5])


def test_a_function_of_another_application_is_another_function(tmp_path: Path) -> None:
    file = azure_2021(tmp_path / "a.csv", [Invocation("a", "f", 1, 0), Invocation("b", "f", 2, 0)])

    assert [name for name, _ in imported(file).ranking] == ["a/f", "b/f"]


def test_a_negative_duration_is_reported_with_its_line(tmp_path: Path) -> None:
    file = azure_2021(tmp_path / "a.csv", [Invocation("a", "f", 1, 0.5), Invocation("a", "f", 2, -1)])

    with pytest.raises(ScenarioError, match=r"a\.csv:3:1: seconds = -1, must be a number of seconds, at least 0"):
        imported(file)


def test_counts_per_minute_of_two_days_follow_each_other_by_the_names_of_the_files(tmp_path: Path) -> None:
    second = azure_2019(tmp_path / "invocations_per_function_md.anon.d02.csv", {("a", "f"): {1: 7}})
    first = azure_2019(tmp_path / "invocations_per_function_md.anon.d01.csv", {("a", "f"): {1440: 5}})

    (service,) = imported(second, first).services

    assert service.bin_s == 60
    assert service.counts is not None
    assert service.counts.tolist() == [5, 7]


def test_the_durations_of_2019_come_from_their_own_file(tmp_path: Path) -> None:
    counts = azure_2019(tmp_path / "invocations_per_function_md.anon.d01.csv", {("a", "f"): {1: 7}, ("a", "g"): {1: 9}})
    names = [f"percentile_Average_{share}" for share in (0, 1, 25, 50, 75, 99, 100)]
    header = ["HashOwner", "HashApp", "HashFunction", "Average", "Count", "Minimum", "Maximum", *names]
    rows = ["o,a,f,60,7,10,100,10,10,40,50,60,90,100", "o,a,g,1,9,1,1,1,1,1,1,1,1,1"]
    durations = tmp_path / "function_durations_percentiles.anon.d01.csv"
    durations.write_text("\n".join([",".join(header), *rows]) + "\n")

    (service,) = imported(counts, durations, functions=("a/f",)).services

    assert service.requests == 7
    np.testing.assert_allclose(service.durations.quantiles(np.array([0.25, 0.5, 0.625])), [0.040, 0.050, 0.055])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("o,a,f,http,1,2", "row = 6 fields, must be 1444 fields"),
        ("o,a,f,http,x," + ",".join("1" * 1439), "count = 'x', must be a count, at least 0"),
        ("o,a,f,http,-3," + ",".join("1" * 1439), "count = -3, must be a count, at least 0"),
    ],
)
def test_a_row_that_is_no_row_of_counts_is_reported(tmp_path: Path, row: str, message: str) -> None:
    file = azure_2019(tmp_path / "a.d01.csv", {("a", "f"): {1: 7}})
    with file.open("a") as stream:
        stream.write(row + "\n")

    with pytest.raises(ScenarioError, match=rf"a\.d01\.csv:3:1: {message}"):
        imported(file)
