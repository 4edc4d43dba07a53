"""Times of recordings in the formats that people and programs write."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.recordings.text import Recording
from simulator.scenario.recordings.times import TIMESTAMP, UNITS_NS, Times, numbers


def seconds_of(folder: Path, texts: list[str], form: str = TIMESTAMP) -> list[float]:
    file = folder / "t.csv"
    file.write_text("at\n" + "\n".join(f'"{text}"' for text in texts) + "\n")
    return [float(time) for time in Times(Recording(file), form).seconds(0, texts)]


@pytest.mark.case("L5")
@pytest.mark.parametrize("unit", UNITS_NS)
def test_the_unit_of_numbers_since_1970_is_found_by_their_size(tmp_path: Path, unit: str) -> None:
    per_second = 10**9 // UNITS_NS[unit]
    texts = [str(1_700_000_000 * per_second), str(1_700_000_001 * per_second), str(1_700_003_600 * per_second + 1)]

    expected = pytest.approx([0, 1, 3600 + 1 / per_second], abs=1e-12)
    assert seconds_of(tmp_path, texts) == expected
    assert seconds_of(tmp_path, texts, unit) == expected


@pytest.mark.case("L5")
@pytest.mark.parametrize("text", ["0", "17", "1999", "3600.5", "-1700000000000000000000000"])
def test_a_number_of_unknown_unit_is_rejected(tmp_path: Path, text: str) -> None:
    with pytest.raises(ScenarioError, match="or format say what it counts: seconds, milliseconds"):
        seconds_of(tmp_path, [text, text])


@pytest.mark.case("L5")
@pytest.mark.parametrize(
    ("text", "told", "meant"),
    [("1700000000000", "seconds", "milliseconds"), ("1700000000000000", "milliseconds", "microseconds")],
)
def test_a_number_too_large_for_the_given_unit_is_rejected(tmp_path: Path, text: str, told: str, meant: str) -> None:
    with pytest.raises(ScenarioError, match=f"must be in {told}; it looks like {meant} since 1970: format: {meant}"):
        seconds_of(tmp_path, [text], told)


@pytest.mark.case("L6")
@pytest.mark.parametrize("zone", ["", "Z", " UTC", "+02:00", "-0930", "+05", "+00:00"])
@pytest.mark.parametrize("between", ["T", " "])
def test_zones_and_offsets_are_read_without_a_warning(tmp_path: Path, zone: str, between: str) -> None:
    texts = [f"2026-03-01{between}10:00:00{zone}", f"2026-03-01{between}10:00:00.123456789{zone}"]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert seconds_of(tmp_path, texts) == pytest.approx([0, 0.123456789], abs=1e-12)


@pytest.mark.case("L6")
def test_rows_may_have_different_offsets_as_in_a_night_when_clocks_change(tmp_path: Path) -> None:
    zones = [timezone(timedelta(hours=hours)) for hours in (1, 2, -3)]
    begin = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)
    texts = [(begin + timedelta(seconds=7 * n)).astimezone(zones[n % 3]).isoformat() for n in range(12)]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert seconds_of(tmp_path, texts) == [7 * n for n in range(12)]
        assert seconds_of(tmp_path, ["2026-03-29T01:59:59+01:00", "2026-03-29T03:00:01+02:00"]) == [0, 2]


def test_days_and_minutes_and_decimal_commas_are_times(tmp_path: Path) -> None:
    texts = ["2026-02-28", "2026-02-28 00:01", "2026-03-01T00:00:00,25"]

    assert seconds_of(tmp_path, texts) == [0, 60, 86_400.25]


@pytest.mark.case("L5")
@pytest.mark.parametrize(
    "text",
    [
        "2026",
        "2026-03",
        "2026-02-30 10:00:00",
        "2026-03-01 25:00:00",
        "01/Mar/2026:10:00:00 +0000",
        "3/1/2026 10:00",
        "2026-03-01T10:00:00 CET",
        "2026-03-01T10:00:00+25:00",
        "NaT",
        "nan",
        "",
        "10:00:00",
    ],
)
def test_an_invalid_time_is_rejected_with_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(ScenarioError, match=r"t\.csv:3:1: (time|value) = "):
        seconds_of(tmp_path, ["2026-03-01T10:00:00", text])


@pytest.mark.case("L6")
def test_an_offset_in_some_rows_only_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="without an offset, as the first row's"):
        seconds_of(tmp_path, ["2026-03-01T10:00:00", "2026-03-01T10:00:00+01:00"])
    with pytest.raises(ScenarioError, match="with an offset, as the first row's"):
        seconds_of(tmp_path, ["2026-03-01T10:00:00+01:00", "2026-03-01T10:00:00"])


@pytest.mark.case("L14")
@pytest.mark.parametrize("text", ["0,5", "1,000", "-1.234,5", "1,234,567.8"])
def test_decimal_commas_of_spreadsheets_are_reported(tmp_path: Path, text: str) -> None:
    with pytest.raises(ScenarioError, match=f"value = '{text}', must be a number with a decimal point"):
        seconds_of(tmp_path, ["0", text], "seconds")


@pytest.mark.case("L66")
@pytest.mark.parametrize("odd", ["1_0", "٣", "1_000.5"])
def test_a_python_only_notation_of_a_number_is_rejected_with_its_line(tmp_path: Path, odd: str) -> None:
    file = tmp_path / "r.csv"
    file.write_text(f"at\n1\n2\u00a0\n{odd}\n4\n", encoding="utf-8")
    recording = Recording(file)

    parts = list(recording.blocks([0]))
    row, (texts,) = parts[0]
    texts += [text for _, (more,) in parts[1:] for text in more]
    with pytest.raises(ScenarioError, match=rf"r\.csv:4:1: value = '{odd}', must be a number"):
        numbers(recording, row, texts)
    with pytest.raises(ScenarioError, match=rf"r\.csv:4:1: value = '{odd}', must be a number"):
        Times(recording, "seconds").seconds(row, texts)
