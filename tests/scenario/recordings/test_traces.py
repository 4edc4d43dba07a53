"""Recorded traffic from CSV files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.recordings import traces
from simulator.world.random_streams import RandomStreams
from tests.scenario.scenario_texts import source_of


def times_of(folder: Path, text: str, *options: str) -> list[float]:
    (folder / "t.csv").write_text(text)
    source = source_of(f"{{trace: {{file: t.csv, {', '.join(options)}}}}}", folder=folder)
    assert source.trace is not None
    return [float(time) for block in traces.request_times(source.trace) for time in block]


def counts_of(folder: Path, text: str, *options: str) -> list[float]:
    (folder / "b.csv").write_text(text)
    source = source_of(f"{{bins: {{file: b.csv, bin: 1s, {', '.join(options)}}}}}", folder=folder)
    assert source.bins is not None
    return [float(count) for count in traces.bin_counts(source.bins)]


def test_timestamps_become_seconds_since_the_first_to_a_tenth_of_a_microsecond(tmp_path: Path) -> None:
    rows = "when,x\n2023-11-16 23:59:59.9799600,1\n2023-11-17 00:00:00.0319601,2\n2023-11-17T00:01:00Z,3\n"

    assert times_of(tmp_path, rows) == pytest.approx([0, 0.0520001, 60.02004], abs=1e-9)


@pytest.mark.parametrize(("unit", "last"), [("seconds", 2.5), ("milliseconds", 0.0025)])
def test_numbers_are_in_the_given_unit(tmp_path: Path, unit: str, last: float) -> None:
    rows = "n,at\n1,10\n2,12.5\n"

    assert times_of(tmp_path, rows, "time_column: at", f"format: {unit}") == pytest.approx([0, last])


def test_times_continue_across_blocks(tmp_path: Path) -> None:
    n = 2 * traces.BLOCK_ROWS + 5
    rows = "at\n" + "\n".join(map(str, range(n)))

    assert times_of(tmp_path, rows, "format: seconds") == list(range(n))


def test_skipped_rows_are_not_played_and_the_rest_begins_at_zero(tmp_path: Path) -> None:
    n = 2 * traces.BLOCK_ROWS
    rows = "at\n" + "\n".join(map(str, range(10, 10 + n)))

    assert times_of(tmp_path, rows, "format: seconds", "skip: 5h") == list(range(n - 5 * 3600))
    assert counts_of(tmp_path, "n\n4\n5\n6\n7\n", "skip: 2500ms") == [6, 7]


def test_a_recording_that_is_skipped_whole_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="skipped") as caught:
        times_of(tmp_path, "at\n1\n4\n", "format: seconds", "skip: 4s")
    assert (caught.value.problems[0].line, caught.value.problems[0].found) == (3, "3s")

    with pytest.raises(ScenarioError, match="skipped"):
        counts_of(tmp_path, "n\n4\n5\n", "skip: 2s")


@pytest.mark.case("L14")
@pytest.mark.parametrize(
    ("rows", "line", "expected"),
    [
        ("at\n1\n2\nx\n", 4, "a number"),
        ("at\n1\nnan\n", 3, "value = nan, must be a finite number"),
        ("at\n1\ninf\n", 3, "value = inf, must be a finite number"),
        ("at\n1\n\n\n2\nx\n", 6, "a number"),
    ],
)
def test_a_bad_row_of_numbers_is_named_by_its_line(tmp_path: Path, rows: str, line: int, expected: str) -> None:
    with pytest.raises(ScenarioError, match=expected) as caught:
        times_of(tmp_path, rows, "format: seconds")

    assert caught.value.problems[0].line == line
    assert caught.value.problems[0].file == str(tmp_path / "t.csv")


def test_a_bad_timestamp_is_named_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"t\.csv:3:1: time = 'yesterday', must be a time such as"):
        times_of(tmp_path, "at\n2023-11-16 00:00:00\nyesterday\n")


def test_a_short_row_is_named_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"t\.csv:3:1: row = 2, must be 2 fields"):
        times_of(tmp_path, "x,at\n1,5\n2\n", "time_column: at", "format: seconds")


def test_bytes_that_are_not_text_are_a_problem_of_their_line(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"at\n1\n\xff\xfe\n")
    source = source_of("{trace: {file: x.csv, format: seconds}}", folder=tmp_path)
    assert source.trace is not None

    with pytest.raises(ScenarioError, match=r"x\.csv:3:1: value = .* must be a number"):
        list(traces.request_times(source.trace))


def test_a_field_beyond_csvs_limit_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"t\.csv:.* must be CSV"):
        times_of(tmp_path, "at\n1\n" + "9" * 200_000 + "\n", "format: seconds")


def test_counts_come_from_the_last_column_unless_one_is_named(tmp_path: Path) -> None:
    rows = "requests,errors\n5,1\n7,0\n"

    assert counts_of(tmp_path, rows) == [1, 0]
    assert counts_of(tmp_path, rows, "column: requests") == [5, 7]


@pytest.mark.parametrize("count", ["-1", "nan", "inf", "many"])
def test_a_bad_count_is_named_by_its_line(tmp_path: Path, count: str) -> None:
    with pytest.raises(ScenarioError, match=r"b\.csv:3:1"):
        counts_of(tmp_path, f"n\n5\n{count}\n")


@pytest.mark.case("L4")
@pytest.mark.parametrize("text", ["at\n", "at\n\n\n", "at"])
def test_a_file_without_rows_is_no_recording(tmp_path: Path, text: str) -> None:
    for read in (counts_of, times_of):
        with pytest.raises(ScenarioError, match=r"file = a header \(at\) and no row, must be a recording with rows"):
            read(tmp_path, text)


def test_the_times_of_a_wide_export_are_in_its_first_column(tmp_path: Path) -> None:
    names = ",".join(["at", *(f"field{n}" for n in range(20))])
    rows = "".join(f"2026-01-01T00:00:0{second}Z{',x' * 20}\n" for second in (1, 4))

    assert times_of(tmp_path, f"{names}\n{rows}") == [0, 3]


@pytest.mark.case("L14")
@pytest.mark.parametrize("rows", ["0.1\n0.5\n", "0.1,5,7\n0.5,6,8\n", "17,200\n18,200\n"])
def test_a_file_without_a_header_is_rejected_and_no_row_is_taken_for_one(tmp_path: Path, rows: str) -> None:
    with pytest.raises(ScenarioError, match="the first line is a row already"):
        counts_of(tmp_path, rows)
    with pytest.raises(ScenarioError, match="the first line is a row already"):
        times_of(tmp_path, rows, "format: seconds")


@pytest.mark.case("L14")
def test_times_without_a_header_are_no_header_either(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="the first line is a row already"):
        times_of(tmp_path, "2026-01-01T00:00:00Z,/a\n2026-01-01T00:00:01Z,/b\n")


@pytest.mark.case("L66")
def test_rows_out_of_order_are_sorted(tmp_path: Path) -> None:
    rows = "end,duration\n13.5,1\n11.5,9\n14.25,1\n12.5,3\n"

    assert times_of(tmp_path, rows, "format: seconds") == [0, 1, 2, 2.75]
    assert times_of(tmp_path, rows, "format: seconds", "skip: 2s") == [0, 0.75]


@pytest.mark.case("L66")
def test_a_row_too_far_out_of_order_is_rejected_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory has a window of rows; a row that is later than that cannot be sorted into its place."""
    monkeypatch.setattr(traces, "WINDOW_ROWS", 2 * traces.BLOCK_ROWS)
    n = 4 * traces.BLOCK_ROWS
    late = "\n".join(map(str, [*range(1, 2 * n), 0, *range(2 * n, 2 * n + 10)]))

    with pytest.raises(ScenarioError, match="sort the file by its times first") as caught:
        times_of(tmp_path, f"at\n{late}\n", "format: seconds")
    assert caught.value.problems[0].line == 2 * n + 1


@pytest.mark.case("L66")
def test_rows_out_of_order_across_many_blocks_come_out_sorted_and_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "WINDOW_ROWS", 3 * traces.BLOCK_ROWS // 2)
    rng = RandomStreams(4).stream("rows out of order")
    n = 5 * traces.BLOCK_ROWS
    ends = np.arange(n) + rng.integers(0, traces.BLOCK_ROWS, n)  # each row up to one block out of order
    text = "at\n" + "\n".join(map(str, ends.tolist()))

    assert times_of(tmp_path, text, "format: seconds") == (np.sort(ends) - ends.min()).tolist()


@pytest.mark.case("L66")
def test_bins_with_a_time_column_have_gaps_order_and_sums(tmp_path: Path) -> None:
    rows = "at,n\n2026-01-01T00:00:03Z,3\n2026-01-01T00:00:00Z,1\n2026-01-01T00:00:03Z,4\n2026-01-01T00:00:05Z,9\n"

    assert counts_of(tmp_path, rows, "time_column: at") == [1, 0, 0, 7, 0, 9]
    assert counts_of(tmp_path, "t;n\n0;1\n2;5\n", "time_column: t", "format: seconds") == [1, 0, 5]


@pytest.mark.case("L66")
def test_a_wrong_date_does_not_make_endless_bins(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="less than 100000000 bins"):
        counts_of(tmp_path, "at,n\n1970-01-01,3\n2026-01-01,1\n", "time_column: at")


@pytest.mark.case("L20")
@pytest.mark.parametrize("count", ["1e12", "1e300", "10000001"])
def test_a_count_that_cannot_be_played_is_rejected_with_the_bound(tmp_path: Path, count: str) -> None:
    with pytest.raises(ScenarioError, match=r"b\.csv:3:1: count = .*, must be at most 1e\+07 in 1s"):
        counts_of(tmp_path, f"n\n5\n{count}\n")


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    assert counts_of(tmp_path, "n\n1\n") == [1]
    assert counts_of(tmp_path, "n\n22\n") == [22]
