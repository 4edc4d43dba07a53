from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import simulator
from simulator.model.text.quantities import (
    Unit,
    bytes_text,
    count_text,
    digits_text,
    latency_text,
    quantity_text,
    rate_text,
    ratio_text,
    spread_factor,
    time_text,
    usd_text,
)

# Values of every size, ties, values that are rounded up to the next unit, and values that three digits do not
# distinguish from a whole number.
VALUES = [
    *(0.0, 1e-12, 1.2e-8, 0.0000123, 0.00041, 0.0009996, 0.00123, 0.0256, 0.0852, 0.125, 0.25, 0.3, 0.5, 0.9994),
    *(0.9996, 1.0, 1.005, 1.5, 2.5, 2.665, 2.6666, 7.87, 9.996, 12.345, 12.5, 15.0, 20.0, 59.94, 59.96, 60.0, 75.3),
    *(
        99.94,
        99.96,
        100.0,
        128.5,
        185.0,
        211.41,
        999.5,
        1234.5,
        1240.4,
        3599.5,
        3723.4,
        12345.0,
        86400.0,
        190000.7,
        1e7,
    ),
]
FORMATS: dict[str, Callable[[float], str]] = {
    "count": count_text,
    "digits": digits_text,
    "duration": time_text,
    "latency": latency_text,
    "rate": rate_text,
    "ratio": ratio_text,
    "usd": usd_text,
}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.0, "0 ms"),
        (0.0000123, "12.3 µs"),
        (0.0009996, "1.00 ms"),
        (0.015, "15.0 ms"),
        (0.0852, "85.2 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (12.345, "12.3 s"),
        (99.96, "1m40s"),
        (185.0, "3m05s"),
    ],
)
def test_a_latency_has_three_digits_and_the_unit_that_fits(seconds: float | None, text: str) -> None:
    assert latency_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.0, "0 s"),
        (0.25, "250 ms"),
        (5.0, "5 s"),
        (12.5, "12.5 s"),
        (59.96, "1m00s"),
        (90.5, "1m31s"),
        (90000.0, "25h00m00s"),
    ],
)
def test_a_time_of_the_run_is_formatted_without_trailing_zeros(seconds: float | None, text: str) -> None:
    assert time_text(seconds) == text


def test_a_small_ratio_is_distinguished_from_zero() -> None:
    assert [ratio_text(ratio) for ratio in (0.0, 0.000041, 0.026, 0.123, 1.0, None)] == [
        "0 %",
        "0.00410 %",
        "2.60 %",
        "12.3 %",
        "100 %",
        "-",
    ]


def test_rates_have_separators_when_large_and_digits_when_small() -> None:
    assert [rate_text(rate) for rate in (1240.4, 12.54, 20.0, 0.0, None)] == ["1,240/s", "12.5/s", "20.0/s", "0/s", "-"]


def test_money_has_cents_from_a_dollar_on_and_digits_below() -> None:
    assert [usd_text(usd) for usd in (1234.5, 15.0, 0.0256, 0.25, 0.0, 0.0000123, None)] == [
        "$1,234.50",
        "$15.00",
        "$0.0256",
        "$0.250",
        "$0",
        "$0.0000123",
        "-",
    ]


def test_whole_counts_are_exact_and_means_have_three_digits() -> None:
    assert [count_text(count) for count in (12345, 1234567.0, 15, 2.6666, 2.5, 1234.5)] == [
        "12,345",
        "1,234,567",
        "15",
        "2.67",
        "2.50",
        "1,235",
    ]


def test_trailing_zeros_are_kept_and_ties_are_rounded_up() -> None:
    values = (15.0, 7.87, 0.00012, 99.96, 9.996, 0.125, 0.1255, 2.665, 1e12, 1e-12)
    assert [digits_text(value) for value in values] == [
        *("15.0", "7.87", "0.000120", "100", "10.0", "0.125", "0.126", "2.67", "1,000,000,000,000", "0"),
    ]
    assert (digits_text(1.25, 2), digits_text(float("inf"))) == ("1.3", "inf")


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        *(("s", "500 ms"), ("ratio", "50.0 %"), ("percent", "0.500 %"), ("rps", "0.500/s"), ("usd", "$0.500")),
        *(("count", "0.500"), ("mean", "0.500"), ("hours", "0.500"), ("factor", "0.500")),
    ],
)
def test_a_value_is_formatted_in_its_unit(unit: Unit, text: str) -> None:
    assert (quantity_text(0.5, unit), quantity_text(None, unit), quantity_text(-0.5, unit)) == (text, "-", f"-{text}")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.152, "ratio", "+15.2 pp"),
        (-0.0012, "ratio", "-0.120 pp"),
        (3.0, "percent", "+3.00 pp"),
        (0.5, "s", "+500 ms"),
        (-125.0, "s", "-2m05s"),
        (-0.25, "usd", "-$0.250"),
        (12.0, "usd", "+$12.00"),
        (-1e-13, "usd", "$0"),
    ],
)
def test_a_difference_has_a_sign_and_differences_of_percentages_are_in_points(
    value: float, unit: Unit, text: str
) -> None:
    assert quantity_text(value, unit, signed=True) == text


def test_a_spread_is_in_the_unit_of_its_mean() -> None:
    means = (0.00002, 0.9994, 0.9996, -0.5, 185.0)
    assert [spread_factor(mean, "s") for mean in means] == [1e6, 1e3, 1, 1e3, 1]
    assert (spread_factor(0.5, "ratio"), spread_factor(0.5, "usd")) == (100, 1)


@pytest.mark.case("X8i")
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_pages_of_the_console_format_every_quantity_in_the_same_way() -> None:
    module = (Path(simulator.__file__).parent / "web" / "assets" / "format.js").as_uri()
    program = f"""
        const write = await import({json.dumps(module)});
        const [names, values] = {json.dumps([list(FORMATS), [None, *VALUES]])};
        const text = (name, value) => (name === "digits" && value === null ? "-" : write[name](value));
        const written = (name) => values.map((value) => text(name, value));
        console.log(JSON.stringify(Object.fromEntries(names.map((name) => [name, written(name)]))));
    """
    ended = subprocess.run(
        ["node", "--input-type=module", "--eval", program], capture_output=True, text=True, check=True, timeout=60
    )
    expected = {name: ["-", *(write(value) for value in VALUES)] for name, write in FORMATS.items()}
    assert json.loads(ended.stdout) == expected


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (7, "7 bytes"), (99_999, "99,999 bytes"), (1024**2 // 2, "0.500 MB"), (3 * 1024**3, "3,072 MB")],
)
def test_a_size_is_formatted_in_megabytes_or_bytes(size: int, text: str) -> None:
    assert bytes_text(size) == text
