"""Values of condition operators; the decisions are in the table of cases."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from simulator.rules.iam.operators import OPERATORS, instant_of, number_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-01T10:00:00Z", datetime(2026, 12, 1, 10, tzinfo=UTC)),
        ("2026-12-01T10:00:00+02:00", datetime(2026, 12, 1, 8, tzinfo=UTC)),
        ("2026-12-01T10:00:00.250Z", datetime(2026, 12, 1, 10, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("1796119200", datetime(2026, 12, 1, 10, tzinfo=UTC)),
    ],
)
def test_a_date_in_any_valid_form_is_parsed(text: str, expected: datetime) -> None:
    assert instant_of(text) == expected.timestamp()


def test_a_date_without_a_time_zone_is_in_utc_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        found = instant_of("2026-12-01T10:00:00")
    time.tzset()
    assert found == datetime(2026, 12, 1, 10, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "2026-13", "12"])
def test_invalid_text_is_not_a_date(text: str) -> None:
    assert instant_of(text) is None


def test_numbers_are_parsed_exactly_and_must_be_finite() -> None:
    assert number_of("0.1") == Decimal("0.10")
    assert [
        number_of(text)
        for text in ("NaN", "Infinity", "x", "", "1_000", " 1", "\N{ARABIC-INDIC DIGIT ONE}", ".", "1e99999")
    ] == [None] * 9
    assert [number_of(text) for text in ("-.5", "1.", "+1e2")] == [Decimal("-0.5"), Decimal(1), Decimal(100)]


def test_the_operators_are_those_of_the_documentation() -> None:
    ordered = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
    expected = {f"{kind}{name}" for kind in ("Numeric", "Date") for name in ordered}
    expected |= {f"String{name}" for name in ("Equals", "EqualsIgnoreCase", "Like")}
    expected |= {f"StringNot{name}" for name in ("Equals", "EqualsIgnoreCase", "Like")}
    expected |= {"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"}
    expected |= {"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"}
    assert set(OPERATORS) == expected
    assert {name for name, operator in OPERATORS.items() if operator.negated} == {
        name for name in expected if "Not" in name
    }
