from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ingest.scenario_text import recordings, scenario_text
from simulator.scenario.recordings.traces import bin_counts, request_times
from simulator.scenario.scenario import load_scenario
from tests.ingest.dataset_files import Invocation, azure_2021, imported

ROWS = st.lists(
    st.builds(
        Invocation,
        st.sampled_from("ab"),
        st.sampled_from("fg"),
        st.integers(1_000_000, 9_000_000).map(lambda ms: ms / 1000),
        st.integers(0, 999_999).map(lambda ms: ms / 1000),
    ),
    min_size=1,
    max_size=30,
)


@given(rows=ROWS, top=st.integers(1, 4))
def test_a_written_scenario_plays_the_recorded_starts(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Invocation], top: int
) -> None:
    """The expected starts are computed with the rows themselves, without any code of the import."""
    folder = tmp_path_factory.mktemp("import")
    result = imported(azure_2021(folder / "a.csv", rows), top=top)
    for text in recordings(result, "out"):
        (folder / text.file).write_text("".join(text.blocks))
    (folder / "out.yaml").write_text(scenario_text(result, "out", ["a.csv"]))

    scenario = load_scenario(folder / "out.yaml")

    of_function: dict[str, list[float]] = {}
    for row in rows:
        of_function.setdefault(f"{row.app}/{row.function}", []).append(row.end_s - row.duration_s)
    assert len(scenario.traffic) == min(top, len(of_function))
    first_s = min(min(of_function[each.function]) for each in result.services)
    for source, service in zip(scenario.traffic, result.services, strict=True):
        assert source.trace is not None
        played = source.from_s + np.concatenate(list(request_times(source.trace)))
        expected = np.sort(of_function[service.function]) - first_s
        np.testing.assert_allclose(played, expected, atol=2e-6)
    assert scenario.duration_s >= max(max(of_function[each.function]) for each in result.services) - first_s


def test_counts_of_several_services_share_one_file_and_one_start(tmp_path: Path) -> None:
    file = tmp_path / "day_000.csv"
    file.write_text("day,time,0,1\n0,0,3,\n0,60,,2\n0,120,5,1\n")
    result = imported(file, top=2)
    (text,) = recordings(result, "out")
    (tmp_path / text.file).write_text("".join(text.blocks))
    (tmp_path / "out.yaml").write_text(scenario_text(result, "out", [file.name]))

    scenario = load_scenario(tmp_path / "out.yaml")

    assert scenario.duration_s == 180
    first, second = scenario.traffic
    assert first.bins is not None
    assert second.bins is not None
    assert bin_counts(first.bins).tolist() == [3, 0, 5]
    assert bin_counts(second.bins).tolist() == [0, 2, 1]


def test_a_part_is_cut_out_in_the_time_of_the_recording(tmp_path: Path) -> None:
    rows = [Invocation("a", "f", 100.0 + at, 0.0) for at in range(10)]
    file = azure_2021(tmp_path / "a.csv", rows)

    result = imported(file, skip_s=2.0, length_s=3.0)

    (service,) = result.services
    assert service.times_s is not None
    assert service.times_s.tolist() == [0, 1, 2]
    assert (result.start_s, result.length_s, result.offered) == (102, 3, 3)


def test_a_part_behind_the_end_is_reported(tmp_path: Path) -> None:
    file = azure_2021(tmp_path / "a.csv", [Invocation("a", "f", 5.0, 0.0), Invocation("a", "f", 9.0, 0.0)])

    with pytest.raises(ValueError, match="--skip = 60s, must be less than the length of the recording, 4s"):
        imported(file, skip_s=60.0)


def test_requests_are_counted_in_bins_of_the_chosen_width(tmp_path: Path) -> None:
    file = azure_2021(tmp_path / "a.csv", [Invocation("a", "f", time, 0.0) for time in (0.5, 9.9, 10.0, 35.0)])

    (service,) = imported(file, bin_s=10.0).services

    assert service.counts is not None
    assert service.counts.tolist() == [2, 1, 0, 1]


@pytest.mark.parametrize("stem", ["yes", "2026-11-30", "a, b {1}: #x"])
def test_any_name_of_a_file_and_of_a_function_gives_a_valid_scenario(tmp_path: Path, stem: str) -> None:
    trace = tmp_path / "objects"
    trace.write_text("1000 REST.PUT.OBJECT a 1\n2000 REST.GET.OBJECT b 1\n3000 REST.GET.OBJECT b 1\n")
    result = imported(trace, top=2)
    for text in recordings(result, stem):
        (tmp_path / text.file).write_text("".join(text.blocks))
    (tmp_path / "out.yaml").write_text(scenario_text(result, stem, [trace.name]))

    scenario = load_scenario(tmp_path / "out.yaml")

    assert scenario.name == stem
    assert list(scenario.services) == ["function-rest-get", "function-rest-put"]


def test_a_line_break_in_a_name_does_not_reach_the_scenario(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('app,func,end_timestamp,duration\na,"f\nservices: {}",1.0,0.5\n')
    result = imported(file)
    for text in recordings(result, "out"):
        (tmp_path / text.file).write_text("".join(text.blocks))
    (tmp_path / "out.yaml").write_text(scenario_text(result, "out", [file.name]))

    assert len(load_scenario(tmp_path / "out.yaml").services) == 1


def test_counts_of_two_widths_are_reported_with_the_width_that_fits_both(tmp_path: Path) -> None:
    minutes, seconds = tmp_path / "day_000.csv", tmp_path / "day_001.csv"
    minutes.write_text("day,time,7\n0,0,1\n0,60,2\n")
    seconds.write_text("day,time,8\n1,86400,1\n1,86401,2\n")

    with pytest.raises(ValueError, match="per 1s and 60s; `--bin 60s` counts all alike"):
        imported(minutes, seconds, top=2)
    assert [service.requests for service in imported(minutes, seconds, top=2, bin_s=60.0).services] == [3, 3]


def test_large_counts_and_late_bins_keep_every_digit(tmp_path: Path) -> None:
    file = tmp_path / "day_000.csv"
    file.write_text("day,time,7\n0,0,1234567\n0,60,2\n")
    result = imported(file)
    (text,) = recordings(result, "out")
    (tmp_path / text.file).write_text("".join(text.blocks))
    (tmp_path / "out.yaml").write_text(scenario_text(result, "out", [file.name]))

    (source,) = load_scenario(tmp_path / "out.yaml").traffic

    assert source.bins is not None
    assert bin_counts(source.bins).tolist() == [1234567, 2]


def test_long_paths_with_hyphens_stay_whole_and_rare_routes_keep_a_weight(tmp_path: Path) -> None:
    long = "/a-long-name" * 12
    line = '::1 - - [01/Jul/2026:00:00:0{second} +0000] "GET {path} HTTP/1.1" 200 5\n'
    rows = [line.format(second=1, path="/")] * 30_000 + [line.format(second=2, path=long)]
    file = tmp_path / "access.log"
    file.write_text("".join(rows))
    result = imported(file)
    (text,) = recordings(result, "out")
    (tmp_path / text.file).write_text("".join(text.blocks))
    (tmp_path / "out.yaml").write_text(scenario_text(result, "out", [file.name]))

    (source,) = load_scenario(tmp_path / "out.yaml").traffic

    assert [request.path for request in source.requests] == ["/", long]
    assert source.requests[1].weight == pytest.approx(1 / 30_001, rel=0.05)
