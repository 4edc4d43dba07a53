"""Reads the requests of an access log with their durations, and rejects logs from which nothing can be learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.ingest.blocks import Reading, Requests
from simulator.ingest.formats.table import format_of
from simulator.ingest.input_file import InputFile
from simulator.world.random_streams import RandomStreams

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROWS_MIN: Final = 1_000
# Some 100 MB of columns; the rest of a longer log is not read.
ROWS_MAX: Final = 2_000_000
ROUTES_MAX: Final = 12
OTHER: Final = "GET /{other}"
_KNOWN_MIN: Final = 0.5  # share of the rows that must have a duration
_UNKNOWN_STATUS: Final = 200


class CannotCalibrate(Exception):
    """The log does not tell what a calibration needs; the message is a sentence with the reason."""


class LogRows(NamedTuple):
    """The requests of a log, in the order of their arrival. Times in seconds, from the first arrival on.

    `route`: index in `routes`. `stamp_s`: the resolution of the times; arrivals of logs in seconds are spread at random
    within it. `notes`: sentences about what was done to the rows.
    """

    start_s: Floats
    duration_s: Floats
    route: Integers
    status: Integers
    sent_bytes: Floats
    routes: tuple[str, ...]
    stamp_s: float
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.start_s)

    @property
    def span_s(self) -> float:
        """Seconds from the first arrival to the last."""
        return float(self.start_s[-1])


def read_log(files: Sequence[InputFile], seed: int = 1) -> LogRows:
    """Read the requests of the files.

    Raises:
        ScenarioError: if a file cannot be read, or is in no known format.
        CannotCalibrate: for logs without usable durations, or with too few rows.
    """
    reading = Reading()
    parts: list[Requests] = []
    count, stamp_s, is_cut = 0, 0.0, False
    for file in files:
        form = format_of(file)
        stamp_s = max(stamp_s, form.stamps_s)
        with file.read_as(form.name):
            for block in form.blocks(file, reading):
                if not isinstance(block, Requests):
                    msg = f"{file.path.name} has counts of {form.title} and no requests, whose durations are needed"
                    raise CannotCalibrate(msg)
                if count >= ROWS_MAX:
                    is_cut = True
                    break
                parts.append(block)
                count += len(block.start_s)
    if not parts or all(part.duration_s is None for part in parts):
        msg = (
            f"no request of {_names(files)} has a duration: let the server log it ($request_time of nginx, %D of "
            "Apache, %DURATION% of Envoy)"
        )
        raise CannotCalibrate(msg)
    return _checked(parts, reading.routes.names, stamp_s, seed, is_cut=is_cut, name=_names(files))


def rows_of_requests(requests: Requests, routes: Sequence[str], name: str, seed: int = 1) -> LogRows:
    """Return the rows of requests that are in memory; `name` names them in errors.

    Raises:
        CannotCalibrate: as `read_log` does.
    """
    return _checked([requests], routes, 0.0, seed, is_cut=False, name=name)


def _checked(
    parts: Sequence[Requests], names: Sequence[str], stamp_s: float, seed: int, *, is_cut: bool, name: str
) -> LogRows:
    starts = np.concatenate([part.start_s for part in parts])
    durations = np.concatenate([_column(part.duration_s, part, np.nan) for part in parts])
    known = np.isfinite(durations) & (durations >= 0)
    if known.sum() < max(ROWS_MIN, _KNOWN_MIN * len(durations)):
        msg = f"{known.sum()} of {len(durations)} requests of {name} have a duration; at least {ROWS_MIN} and half of "
        raise CannotCalibrate(msg + "all are needed")
    _check_resolution(durations[known], name)
    routes = np.concatenate([_column(part.route, part, 0) for part in parts])[known].astype(np.int64)
    statuses = np.concatenate([_column(part.status, part, _UNKNOWN_STATUS) for part in parts])[known].astype(np.int64)
    sent = np.nan_to_num(np.concatenate([_column(part.sent_bytes, part, 0.0) for part in parts])[known])
    starts, durations = starts[known], durations[known]
    notes = []
    if stamp_s >= 1:
        # The time of a line is that of its end, cut off to the second.
        starts = starts + RandomStreams(seed).stream("calibration", "log").uniform(0, stamp_s, len(starts))
        notes.append(f"the log's times have a resolution of {stamp_s:g} s: arrivals are spread at random within it")
    if is_cut:
        notes.append(f"only the first {ROWS_MAX:,} requests were read")
    missing = int((~known).sum())
    if missing:
        notes.append(f"{missing} requests without a duration were left out")
    order = np.argsort(starts, kind="stable")
    kept, routes = _busiest(routes[order], names)
    return LogRows(
        starts[order] - starts[order[0]],
        durations[order],
        routes,
        statuses[order],
        sent[order],
        kept,
        stamp_s,
        tuple(notes),
    )


def _check_resolution(durations_s: Floats, name: str) -> None:
    zeros = float(np.mean(durations_s <= 0))
    if zeros >= 0.5:
        msg = f"{zeros:.0%} of the durations of {name} are 0; a finer unit is needed, such as microseconds (%D)"
        raise CannotCalibrate(msg)
    if np.all(durations_s == np.round(durations_s)) and np.median(durations_s) < 30:
        msg = f"the durations of {name} are whole seconds; milliseconds are needed ($request_time, %D)"
        raise CannotCalibrate(msg)


def _busiest(routes: Integers, names: Sequence[str]) -> tuple[tuple[str, ...], Integers]:
    """Return the names of the busiest routes, and the number of each request's route among them.

    Routes of the same name are one.
    """
    first = {name: route for route, name in reversed(list(enumerate(names)))}
    if names:
        routes = np.array([first[name] for name in names], dtype=np.int64)[routes]
    counts = np.bincount(routes, minlength=max(1, len(names)))
    order = np.argsort(-counts, kind="stable")
    used = [int(route) for route in order if counts[route] > 0]
    listed = used if len(used) <= ROUTES_MAX else used[: ROUTES_MAX - 1]
    kept = [names[route] if names else "GET /" for route in listed]
    places = np.full(len(counts), len(listed), dtype=np.int64)
    places[listed] = np.arange(len(listed))
    return (tuple(kept) if len(listed) == len(used) else (*kept, OTHER)), places[routes]


def _column(values: NDArray[np.float64] | NDArray[np.int64] | None, part: Requests, default: float) -> Floats:
    if values is None:
        return np.full(len(part.start_s), default)
    return np.asarray(values, dtype=np.float64)


def _names(files: Sequence[InputFile]) -> str:
    return ", ".join(file.path.name for file in files)
