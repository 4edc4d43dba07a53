from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.scenario.problems import ScenarioError
from tests.ingest.dataset_files import imported

NASA = '199.72.81.55 - - [01/Jul/1995:00:00:{second:02d} -0400] "GET /history/apollo/ HTTP/1.0" 200 6245\n'


def test_lines_are_counted_per_second_in_utc(tmp_path: Path) -> None:
    file = tmp_path / "NASA_access_log_Jul95"
    file.write_text("".join(NASA.format(second=second) for second in (1, 1, 3)))

    result = imported(file)

    (service,) = result.services
    assert service.counts is not None
    assert service.counts.tolist() == [2, 0, 1]
    assert result.start_s == 804_571_201  # 04:00:01 UTC


def test_a_change_of_the_offset_moves_no_request(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    line = '::1 - - [{time}] "GET / HTTP/1.1" 200 1 "-" "curl/8"\n'
    file.write_text(line.format(time="26/Oct/2025:02:59:59 +0200") + line.format(time="26/Oct/2025:02:00:00 +0100"))

    (service,) = imported(file).services

    assert service.counts is not None
    assert service.counts.tolist() == [1, 1]


def test_lines_without_a_time_are_counted_as_dropped(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    file.write_bytes(NASA.format(second=1).encode() * 5 + b"\xff\xfe broken\n\n" + NASA.format(second=2).encode())

    result = imported(file)

    assert result.offered == 6
    assert result.skipped_lines == 1


def test_a_day_that_does_not_exist_is_reported_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    file.write_text(NASA.format(second=1) + NASA.format(second=2).replace("01/Jul", "31/Jun"))

    with pytest.raises(ScenarioError, match=r"access\.log:2:1: time = 31/Jun/1995:00:00:02 -0400, must be a time that"):
        imported(file)


def test_a_connection_without_a_request_is_none(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    file.write_text(NASA.format(second=1) * 3 + NASA.format(second=2).replace("GET /history/apollo/ HTTP/1.0", "-"))

    result = imported(file)

    assert (result.offered, result.skipped_lines) == (3, 1)


@pytest.mark.parametrize(
    ("tail", "start_s"),
    [(" 1.250", 804_571_203), (' "-" "curl/8" 1250000', 804_571_205), (' "-" "a" rt=1.250', 804_571_203)],
)
def test_a_duration_of_nginx_moves_the_start_and_one_of_apache_does_not(
    tmp_path: Path, tail: str, start_s: int
) -> None:
    file = tmp_path / "access.log"
    file.write_text("".join(NASA.format(second=second).rstrip() + tail + "\n" for second in (5, 9)))

    result = imported(file)

    (service,) = result.services
    assert result.start_s == start_s
    np.testing.assert_allclose(service.durations.quantiles(np.array([0.5])), [1.25], rtol=0.01)
