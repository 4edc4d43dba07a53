"""The requests of an access log: arrivals are ends less durations; logs that tell nothing are rejected with why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from simulator.calibration.from_logs.log_rows import CannotCalibrate, read_log
from simulator.ingest.input_file import InputFile

BEGIN = datetime(2026, 11, 30, 10, tzinfo=UTC)


def nginx_log(folder: Path, rows: Sequence[tuple[float, str, float | None]], name: str = "access.log") -> InputFile:
    """Write rows of (end in seconds, path, duration) as nginx does with $request_time at the end of Combined."""
    lines = []
    for end_s, path, duration_s in rows:
        stamp = (BEGIN + timedelta(seconds=int(end_s))).strftime("%d/%b/%Y:%H:%M:%S +0000")
        tail = "" if duration_s is None else f" {duration_s:.3f}"
        lines.append(f'10.0.0.1 - - [{stamp}] "GET {path} HTTP/1.1" 200 512 "-" "curl/8"{tail}')
    file = folder / name
    file.write_text("\n".join(lines) + "\n")
    return InputFile(file)


def test_requests_arrive_their_duration_before_they_end(tmp_path: Path) -> None:
    file = nginx_log(tmp_path, [(10 + number, f"/items/{number}", 0.5 + number % 7) for number in range(1_200)])

    rows = read_log([file])

    assert len(rows) == 1_200
    assert rows.routes == ("GET /items/{id}",)
    assert np.all(np.diff(rows.start_s) >= 0)
    # times are whole seconds: each arrival is at most a second off
    exact = np.sort([10 + number - 0.5 - number % 7 for number in range(1_200)])
    shift = rows.start_s - (exact - exact[0])
    assert shift.max() - shift.min() <= 2
    assert any("resolution of 1 s" in note for note in rows.notes)


def test_times_of_a_request_csv_are_not_spread(tmp_path: Path) -> None:
    file = tmp_path / "requests.csv"
    rows = "".join(f"web,{0.037 * number:.6f},{0.08 + 0.001 * (number % 9):.6f},200\n" for number in range(1_500))
    file.write_text(f"source,intended_s,latency_s,status\n{rows}")

    found = read_log([InputFile(file)])

    np.testing.assert_allclose(found.start_s, 0.037 * np.arange(1_500), atol=1e-6)
    assert found.notes == ()


def test_names_of_many_users_are_one_route(tmp_path: Path) -> None:
    letters = "abcdefghijklmnop"
    rows = [(float(n), f"/users/{letters[n % 16]}-{letters[n // 16 % 16]}", 0.1) for n in range(1_600)]

    found = read_log([nginx_log(tmp_path, rows)])

    assert found.routes == ("GET /users/{id}",)
    assert found.route.tolist() == [0] * 1_600


def test_rare_routes_are_one(tmp_path: Path) -> None:
    rows = [(float(number), f"/page-{'abcdefghijklmnop'[number % 16]}", 0.1) for number in range(1_600)]

    found = read_log([nginx_log(tmp_path, rows)])

    assert len(found.routes) == 12
    assert found.routes[-1] == "GET /{other}"
    assert (found.route == 11).sum() == 500


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(1.0, "/", None)] * 2_000, "no request of access.log has a duration: let the server log it"),
        ([(float(number), "/", 0.25) for number in range(900)], "900 of 900 requests of access.log have a duration"),
        ([(float(number), "/", 2.0) for number in range(2_000)], "are whole seconds; milliseconds are needed"),
        ([(float(number), "/", 0.0) for number in range(2_000)], "100% of the durations of access.log are 0"),
        (
            [(float(number), "/", 0.001 * (number % 5 // 3)) for number in range(2_000)],
            "60% of the durations of access.log are 0; a finer unit is needed",
        ),
    ],
    ids=["no durations", "too few", "whole seconds", "zero", "mostly zero"],
)
def test_logs_that_do_not_tell_are_rejected(
    tmp_path: Path, rows: Sequence[tuple[float, str, float | None]], message: str
) -> None:
    with pytest.raises(CannotCalibrate) as error:
        read_log([nginx_log(tmp_path, rows)])

    assert message in str(error.value)
