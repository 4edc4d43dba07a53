from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from simulator.calibration.from_logs.log_rows import CannotCalibrate
from simulator.sdk.calibration.request_frame import rows_of_frame
from simulator.world.random_streams import RandomStreams


def frame(count: int = 1200) -> pd.DataFrame:
    rng = RandomStreams(1).stream("requests")
    return pd.DataFrame(
        {
            "time": np.cumsum(rng.exponential(0.05, count)),
            "duration_s": 0.05 + rng.exponential(0.01, count),
            "path": np.where(np.arange(count) % 4 == 0, "/b?x=1", "/a"),
            "status": 200,
        }
    )


def test_a_frame_has_times_durations_routes_and_statuses() -> None:
    given = frame()
    rows = rows_of_frame(given, 1)
    assert len(rows) == 1200
    assert rows.routes == ("GET /a", "GET /b")
    assert rows.start_s[1] == pytest.approx(given["time"][1] - given["time"][0])
    assert rows.duration_s[:3] == pytest.approx(given["duration_s"][:3])
    assert np.bincount(rows.route).tolist() == [900, 300]
    assert rows_of_frame(pa.Table.from_pandas(given), 1).duration_s == pytest.approx(rows.duration_s)


def test_times_may_be_an_index_of_time_stamps_and_durations_timedeltas() -> None:
    given = frame()
    stamped = pd.DataFrame(
        {"duration": pd.to_timedelta(given["duration_s"], unit="s").to_numpy(), "method": "POST", "path": "/a"},
        index=pd.Timestamp("2026-11-30", tz="UTC") + pd.to_timedelta(given["time"], unit="s"),
    )
    rows = rows_of_frame(stamped, 1)
    assert rows.routes == ("POST /a",)
    assert rows.duration_s == pytest.approx(given["duration_s"].to_numpy(), abs=1e-6)
    assert rows.span_s == pytest.approx(given["time"].iloc[-1] - given["time"].iloc[0], abs=1e-5)


def test_a_missing_column_is_named_and_too_few_requests_are_refused() -> None:
    with pytest.raises(ValueError, match="a frame with the columns at, took, must have one of duration_s"):
        rows_of_frame(pd.DataFrame({"at": [1.0], "took": [2.0]}), 1)
    with pytest.raises(ValueError, match="durations = a column of object, must be numbers of seconds"):
        rows_of_frame(pd.DataFrame({"at": [1.0], "duration": ["long"]}), 1)
    with pytest.raises(CannotCalibrate, match="at least 1000"):
        rows_of_frame(frame(10), 1)
