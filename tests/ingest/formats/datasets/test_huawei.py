from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.scenario.problems import ScenarioError
from tests.ingest.dataset_files import imported


def test_columns_are_functions_and_empty_fields_are_no_requests(tmp_path: Path) -> None:
    file = tmp_path / "day_000.csv"
    file.write_text("day,time,0,1\n0,0,3,\n0,60,,2\n0,120,5,1\n")

    result = imported(file, top=2)

    assert dict(result.ranking) == {"0": 8, "1": 3}
    zero, one = result.services
    assert zero.bin_s == one.bin_s == 60
    assert zero.counts is not None
    assert one.counts is not None
    assert zero.counts.tolist() == [3, 0, 5]
    assert one.counts.tolist() == [0, 2, 1]


def test_a_missing_day_is_a_time_without_requests(tmp_path: Path) -> None:
    first, third = tmp_path / "day_000.csv", tmp_path / "day_002.csv"
    first.write_text("day,time,7\n" + "".join(f"0,{60 * minute},1\n" for minute in range(1440)))
    third.write_text("day,time,7\n" + "".join(f"2,{2 * 86400 + 60 * minute},1\n" for minute in range(1440)))

    (service,) = imported(first, third).services

    assert service.counts is not None
    np.testing.assert_array_equal(service.counts, np.repeat([1, 0, 1], 1440))


def test_a_gap_between_rows_is_a_time_without_requests(tmp_path: Path) -> None:
    file = tmp_path / "day_000.csv"
    file.write_text("day,time,7\n0,0,1\n0,1,2\n0,5,3\n0,6,4\n")

    (service,) = imported(file).services

    assert service.counts is not None
    assert service.counts.tolist() == [1, 2, 0, 0, 0, 3, 4]


def test_a_time_that_is_no_number_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "day_000.csv"
    file.write_text("day,time,7\n0,0,1\n0,noon,2\n")

    with pytest.raises(ScenarioError, match=r"day_000\.csv:3:1: time = 'noon', must be a number of seconds"):
        imported(file)


def test_requests_of_2025_are_grouped_by_function_user_and_pool(tmp_path: Path) -> None:
    file = tmp_path / "R2.csv"
    file.write_text(
        "time_worker,time_frontend,requestID,clusterName,funcName,podID,userID,totalCost_worker\n"
        "100.5,100.6,a,1,296,pool22-300-128-0000618412,224,0.5\n"
        "101.0,101.1,b,1,296,pool22-300-128-0000000001,224,0.25\n"
        "102.0,102.1,c,1,296,pool24-600-512-0000000001,224,1\n"
    )

    result = imported(file)

    assert dict(result.ranking) == {"296---224---pool22-300-128": 2, "296---224---pool24-600-512": 1}
    times_s = result.services[0].times_s
    assert times_s is not None
    np.testing.assert_allclose(times_s, [0, 0.75])
