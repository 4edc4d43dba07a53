from __future__ import annotations

import pytest

from simulator.console.quantities import count_text, latency_text, measured_text, rate_text, ratio_text, usd_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.0, "0 ms"),
        (0.0000123, "12.3 us"),
        (0.0009996, "1 ms"),
        (0.0852, "85.2 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (12.345, "12.3 s"),
        (99.96, "1m40s"),
        (185.0, "3m05s"),
    ],
)
def test_a_latency_has_three_digits_and_the_unit_that_fits(seconds: float | None, text: str) -> None:
    assert latency_text(seconds) == text


def test_a_small_ratio_can_be_told_from_none() -> None:
    assert [ratio_text(ratio) for ratio in (0.0, 0.000041, 0.123, 1.0, None)] == [
        "0 %",
        "0.0041 %",
        "12.3 %",
        "100 %",
        "-",
    ]


def test_rates_have_separators_when_large_and_digits_when_small() -> None:
    assert [rate_text(rate) for rate in (1240.4, 12.54, 0.0, None)] == ["1,240/s", "12.5/s", "0/s", "-"]


def test_money_has_cents_from_a_dollar_on_and_digits_below() -> None:
    assert [usd_text(usd) for usd in (1234.5, 0.0256, 0.0, 0.0000123)] == ["$1,234.50", "$0.0256", "$0", "$1.23e-05"]


def test_counts_have_separators_and_means_three_digits() -> None:
    assert [count_text(count) for count in (12345, 2.6666)] == ["12,345", "2.67"]


@pytest.mark.parametrize(
    ("unit", "text"), [("s", "500 ms"), ("ratio", "50 %"), ("rps", "0.5/s"), ("usd", "$0.5"), ("count", "0.5")]
)
def test_a_measured_value_is_shown_in_its_unit(unit: str, text: str) -> None:
    assert (measured_text(0.5, unit), measured_text(None, unit)) == (text, "-")
