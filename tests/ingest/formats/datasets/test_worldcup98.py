from __future__ import annotations

import gzip
import struct
from pathlib import Path

import pytest

from simulator.scenario.problems import ScenarioError
from tests.ingest.dataset_files import imported

_NOON_S = 899_208_000  # 30 June 1998, 12:00 UTC


def record(time_s: int) -> bytes:
    return struct.pack(">IIIIBBBB", time_s, 2_500_000, 57, 1_839, 0, 130, 1, 34)


def test_records_are_counted_per_second(tmp_path: Path) -> None:
    file = tmp_path / "wc_day66_6.gz"
    file.write_bytes(gzip.compress(b"".join(record(_NOON_S + second) for second in (0, 0, 1, 4, 4, 4))))

    result = imported(file)

    (service,) = result.services
    assert service.counts is not None
    assert service.counts.tolist() == [2, 1, 0, 0, 3]
    assert result.start_s == _NOON_S


def test_a_cut_record_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "wc_day66_6"
    file.write_bytes(record(_NOON_S) + b"\x00" * 7)

    with pytest.raises(ScenarioError, match="7 bytes at its end, must be records of 20 bytes"):
        imported(file)


def test_a_record_of_another_year_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "wc_day66_6"
    file.write_bytes(record(_NOON_S) * 5_000 + record(1_000_000_000))

    with pytest.raises(ScenarioError, match="record 5001 = 1000000000 s since 1970, must be a time from May to July"):
        imported(file)
