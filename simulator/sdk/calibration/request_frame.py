"""Requests in a data frame, as a calibration reads them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.calibration.from_logs.log_rows import LogRows, rows_of_requests
from simulator.ingest.blocks import Requests
from simulator.model.text.problems import did_you_mean

# The names that a column may have; the first one that the frame has is taken.
_TIMES: Final = ("start_s", "sent_s", "at_s", "time", "timestamp", "start", "at")
_DURATIONS: Final = ("duration_s", "service_s", "latency_s", "duration")
_ROUTES: Final = ("route", "path", "url")
_STATUSES: Final = ("status", "status_code")

Floats = NDArray[np.float64]


def rows_of_frame(frame: Any, seed: int) -> LogRows:
    """Return the requests of a frame with a column of times (or an index of times) and one of durations.

    Times are numbers of seconds or time stamps of the *begin* of a request; durations are seconds or timedeltas. Routes
    and statuses are optional.

    Raises:
        ValueError: if a column is missing or has no such values.
        CannotCalibrate: if there are too few requests.
    """
    if type(frame).__module__.startswith("pyarrow"):
        frame = frame.to_pandas()
    times = _column(frame, _TIMES)
    if times is None and frame.index.dtype.kind == "M":
        times = frame.index.to_numpy()
    durations = _column(frame, _DURATIONS)
    if times is None or durations is None:
        missing = _TIMES if times is None else _DURATIONS
        names = [str(name) for name in frame.columns]
        hint = did_you_mean(missing[0], names)
        msg = f"requests = a frame with the columns {', '.join(names)}, must have one of {', '.join(missing)}{hint}"
        raise ValueError(msg)
    routes, route_names = _routes(frame)
    statuses = _column(frame, _STATUSES)
    block = Requests(
        start_s=_seconds(times, "times"),
        route=routes,
        duration_s=_seconds(durations, "durations"),
        status=None if statuses is None else np.asarray(statuses, dtype=np.float64),
    )
    return rows_of_requests(block, route_names, "the frame", seed)


def _column(frame: Any, names: tuple[str, ...]) -> Any:
    found = next((name for name in names if name in frame.columns), None)
    return None if found is None else frame[found].to_numpy()


def _seconds(values: Any, what: str) -> Floats:
    """Return seconds: of numbers, of timedeltas, or since the first of time stamps."""
    array = np.asarray(values)
    if array.dtype == object and len(array) and hasattr(array[0], "timestamp"):  # time stamps with a zone
        stamps_s: Floats = np.array([each.timestamp() for each in array])
        since_s: Floats = stamps_s - stamps_s.min()
        return since_s
    if array.dtype.kind == "M":
        array = array - array.min()
    if array.dtype.kind == "m":
        seconds: Floats = array / np.timedelta64(1, "s")
        return seconds
    try:
        return np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        msg = f"{what} = a column of {array.dtype}, must be numbers of seconds or times"
        raise ValueError(msg) from error


def _routes(frame: Any) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    texts = _column(frame, _ROUTES)
    if texts is None:
        return None, ("GET /",)
    methods = _column(frame, ("method",))
    given = [str(text).partition("?")[0] for text in texts]
    given = (
        [text if text[:1] != "/" else f"GET {text}" for text in given]
        if methods is None
        else [f"{method} {text}" for method, text in zip(methods, given, strict=True)]
    )
    names, numbers = np.unique(np.array(given), return_inverse=True)
    return numbers.astype(np.int64), tuple(names.tolist())
