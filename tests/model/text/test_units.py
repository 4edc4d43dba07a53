from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.text.units import (
    duration_text,
    parse_bytes,
    parse_duration,
    parse_number,
    parse_rate,
    parse_share,
    parse_whole,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("1h30m", 5400),
        ("250 ms", 0.25),
        ("5 min", 300),
        ("1 day", 86400),
        ("1.5h", 5400),
        ("20us", 2e-5),
        ("1e3 s", 1000),
        (0, 0),
        ("0s", 0),
    ],
)
def test_a_duration_is_parsed_in_seconds(text: object, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("value", [90, 1.5, "90", "", "s", "-5s", "5 parsecs", "5s 3", True, None, "1h30", [1]])
def test_a_duration_without_a_known_unit_is_rejected(value: object) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(value)


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [(512, 512), ("512 B", 512), ("10 KB", 10240), ("2GB", 2 * 1024**3), ("1 MiB", 1024**2), ("0.5 KB", 512), (0, 0)],
)
def test_a_size_is_parsed_in_bytes_with_powers_of_1024(text: object, size_bytes: int) -> None:
    assert parse_bytes(text) == size_bytes


@pytest.mark.parametrize("value", [-1, 1.5, "12", "", "3 TB", True, None])
def test_an_invalid_size_is_rejected(value: object) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_bytes(value)


@pytest.mark.parametrize(
    ("text", "rate"), [("100/s", 100), ("6000/min", 100), ("3600 / hour", 1), (0, 0), ("0.5/s", 0.5)]
)
def test_a_rate_is_parsed_in_events_per_second(text: object, rate: float) -> None:
    assert parse_rate(text) == pytest.approx(rate)


@pytest.mark.case("L17")
@pytest.mark.parametrize(
    ("text", "rate"), [("10/5min", 10 / 300), ("10 / 5 min", 10 / 300), ("3/0.5s", 6), ("1/2 hours", 1 / 7200)]
)
def test_a_rate_may_be_per_several_units(text: str, rate: float) -> None:
    assert parse_rate(text) == pytest.approx(rate)


@pytest.mark.case("L17")
def test_a_rate_per_zero_time_is_rejected() -> None:
    with pytest.raises(ValueError, match="10/5min"):
        parse_rate("10/0s")


@pytest.mark.parametrize("value", [100, "100", "100/", "/s", "100 per s", "100/parsec", True, None, "-1/s"])
def test_a_rate_without_a_known_unit_is_rejected(value: object) -> None:
    with pytest.raises(ValueError, match="is not a rate"):
        parse_rate(value)


@pytest.mark.parametrize(("text", "share"), [("5 %", 0.05), (0.05, 0.05), (1, 1), ("100%", 1), (0, 0), ("0.5", 0.5)])
def test_a_share_is_parsed_as_a_number_from_0_to_1(text: object, share: float) -> None:
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("value", [1.01, -0.1, "101 %", "half", True, None, "nan", "%"])
def test_an_invalid_share_is_rejected(value: object) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        parse_share(value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0ms"),
        (0.25, "250ms"),
        (0.0123, "12.3ms"),
        (1, "1s"),
        (59.4, "59.4s"),
        (60, "1m00s"),
        (3723.4, "1h02m03s"),
        (86400, "24h00m00s"),
        # A rounded value at the limit of a unit must change the unit, not be 1000ms or 60s.
        (0.9996, "1s"),
        (59.96, "1m00s"),
    ],
)
def test_a_duration_is_formatted_in_hours_minutes_and_seconds(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@given(st.floats(0.001, 1e6))
def test_a_formatted_duration_is_parsed_to_three_digits_or_a_second(seconds: float) -> None:
    assert parse_duration(duration_text(seconds)) == pytest.approx(seconds, rel=0.006, abs=0.51 if seconds > 59 else 0)


@pytest.mark.case("L66")
@pytest.mark.parametrize("text", ["1_0", "٣", "nan", "inf", "-Infinity", "1e999", "", " ", "0x10", "1,5", "1 0", "--1"])
def test_notations_of_numbers_of_python_only_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        parse_number(text)
    with pytest.raises(ValueError, match="is not a number"):
        parse_whole(text)
    with pytest.raises(ValueError, match="is not a share"):
        parse_share(text)
    with pytest.raises(ValueError, match="is not a share"):
        parse_share(f"{text} %")


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12.0), (" -0.5 ", -0.5), ("+1e3", 1000.0), (".5", 0.5), ("5.", 5.0)]
)
def test_a_number_has_ascii_digits_and_optionally_a_point_and_an_exponent(text: str, number: float) -> None:
    assert parse_number(text) == number


def test_a_whole_number_with_a_fraction_is_rejected() -> None:
    assert parse_whole(" 12 ") == 12
    with pytest.raises(ValueError, match="a whole one"):
        parse_whole("12.5")
