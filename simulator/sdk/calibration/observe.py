"""Observations in Python."""

from __future__ import annotations

import html
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from simulator.calibration.observation.observation import LoadStage, ServiceObservation
from simulator.calibration.observation.observation_file import read_observation, write_observation
from simulator.calibration.observing.level_search import figures_of
from simulator.calibration.observing.observer import LIVE_BUDGET_S, LevelBegan, LevelPlayed, Observer, UnusableService
from simulator.model.text.problems import one_of
from simulator.model.text.quantities import digits_text, latency_text, rate_text, ratio_text
from simulator.sdk.calibration.rates import rates_of, seconds_of
from simulator.sdk.calibration.target import launchable, live_settings, observed_service
from simulator.sdk.frames import Library, frame, frame_of_rows
from simulator.sdk.progress import somebody_watches
from simulator.sdk.repr_html import rows_cell
from simulator.sdk.run_in_thread import run_in_thread
from simulator.sdk.scenario import STATE

_REQUEST = ("sent_s", "latency_s", "service_s", "status", "late_s", "request_bytes", "response_bytes")
_LEVEL = (
    *("level", "rate_rps", "duration_s", "requests", "served_rps", "p50_s", "p95_s", "p99_s", "error_rate", "cpu"),
    *("memory_peak_bytes", "late_p99_s", "ended_by"),
)


class ObservationResult:
    """An observation. `data` is the complete content of the observation file."""

    def __init__(self, data: ServiceObservation) -> None:
        self.data = data

    @classmethod
    def read(cls, file: str | Path) -> Self:
        """Read an observation file. Raises ScenarioError with the problems of the file."""
        return cls(read_observation(Path(file)))

    def write(self, file: str | Path) -> None:
        """Write the observation to a file, which `simulator calibrate` reads."""
        write_observation(self.data, Path(file))

    def levels(self, library: Library = "pandas") -> Any:
        """Return a row for each level of load, without its warm-up: the figures of `simulator observe`.

        `served_rps`: responses within the level. `error_rate`: requests without a response, with 429 or with 5xx, as a
        share of those sent. `cpu` is a share of the instance's vCPUs.
        """
        return frame_of_rows(map(self._level, self.data.loads), _LEVEL, library)

    def requests(self, library: Library = "pandas") -> Any:
        """Return a row for each request, warm-ups included. `sent_s`: intended time since the start of its level."""
        names = [route.name for route in self.data.routes]
        loads = self.data.loads
        columns: dict[str, Sequence[Any]] = {
            "level": [load.number for load in loads for _ in range(len(load.requests))],
            "rate_rps": [load.rate_rps for load in loads for _ in range(len(load.requests))],
            "route": [names[int(route)] for load in loads for route in load.requests.route],
        }
        for name in _REQUEST:
            columns[name] = [value for load in loads for value in getattr(load.requests, name).tolist()]
        return frame(columns, library)

    def starts(self, library: Library = "pandas") -> Any:
        """Return a row for each start of an instance, in seconds by stage; NaN if unknown."""
        names = ("total_s", "pull_s", "launch_s", "listening_s", "first_check_s", "cpu_s")
        rows = [{name: getattr(start, name) for name in names} for start in self.data.starts]
        return frame_of_rows(rows, names, library)

    @property
    def notes(self) -> list[str]:
        """Sentences: what limits the use of the observation."""
        return list(self.data.notes)

    def __repr__(self) -> str:
        return f"<Observation of {self.data.target}: {len(self.data.loads)} levels>"

    def _repr_html_(self) -> str:
        rows = [
            [
                rate_text(row["rate_rps"]),
                str(row["requests"]),
                rate_text(row["served_rps"]),
                *(latency_text(row[name]) for name in ("p50_s", "p95_s")),
                ratio_text(row["error_rate"]),
                ratio_text(row["cpu"]),
            ]
            for row in map(self._level, self.data.loads)
        ]
        table = rows_cell(["rate", "requests", "served", "p50", "p95", "errors", "CPU"], rows)
        notes = "".join(f"<p>{html.escape(text)}</p>" for text in self.notes)
        return f"<div><h4>{html.escape(self.data.target)}</h4>{table}{notes}</div>"

    def _level(self, load: LoadStage) -> dict[str, Any]:
        settled = load.settled
        served = settled.rows(settled.served).latency_s
        quantiles = np.quantile(served, (0.5, 0.95, 0.99)).tolist() if len(served) else [None] * 3
        figures = figures_of(load)
        size = self.data.size
        return {
            "level": load.number,
            "rate_rps": load.rate_rps,
            "duration_s": load.duration_s,
            "requests": len(settled),
            "served_rps": figures.served_rps,
            "p50_s": quantiles[0],
            "p95_s": quantiles[1],
            "p99_s": quantiles[2],
            "error_rate": figures.error_share if len(settled) else None,
            "cpu": None if size is None or np.isnan(load.cpu_s) else figures.cpu_share(size.vcpu),
            "memory_peak_bytes": None if np.isnan(load.memory_peak_bytes) else load.memory_peak_bytes,
            "late_p99_s": float(np.quantile(settled.late_s, 0.99)) if len(settled) else None,
            "ended_by": load.ended_by,
        }


def observe(
    target: str | Path,
    routes: Sequence[str] = (),
    *,
    size: str | None = None,
    service: str = "",
    rates: Any = None,
    level: Any = 20.0,
    duration_max: Any = LIVE_BUDGET_S,
    clock: Literal["real", "virtual"] = "real",
    seed: int = 1,
    state: str | Path = STATE,
    progress: bool | None = None,
) -> ObservationResult:
    """Measure a service under load that is found up to saturation, or at `rates`, each for the time `level`.

    `target` is a folder, an image, a command line, a scenario file or a URL, as for `simulator observe`; `routes` such
    as `GET /a:3`. `clock="virtual"`: the simulated application of a scenario file, in virtual time. `progress`: a line
    for each level; default: in a notebook and on a terminal. Interrupting the cell ends the observation after the
    current level.

    Raises:
        ScenarioError, ValueError: for a target or setting that cannot be used.
        UnusableService: if the service answers with errors at light load.
        BuildFailed: if a folder cannot be built.
        BrokenRun: if it cannot be launched, or a run failed.
    """
    if clock not in {"real", "virtual"}:
        msg = f"clock = {clock!r}, must be {one_of(clock, ('real', 'virtual'))}"
        raise ValueError(msg)
    observed = observed_service(target, routes, size=size, service=service)
    observer = Observer(
        launchable(target, observed, state) if clock == "real" else observed,
        seed,
        live_settings(state) if clock == "real" else None,
        budget_s=seconds_of(duration_max),
        rates=() if rates is None else rates_of(rates),
        level_s=seconds_of(level),
    )
    stopped: list[bool] = []

    def began(_: LevelBegan) -> None:
        if stopped:
            raise KeyboardInterrupt

    observer.journal.subscribe(LevelBegan, began)
    if progress or (progress is None and somebody_watches()):
        observer.journal.subscribe(LevelPlayed, _tell)
    return ObservationResult(run_in_thread(observer.observe, lambda: stopped.append(True)))


def _tell(played: LevelPlayed) -> None:
    load = played.played.stage
    late = f", client late by {digits_text(1000 * float(np.max(load.settled.late_s)))} ms" * load.is_client_late
    sys.stderr.write(f"level {load.number}: {rate_text(load.rate_rps)}, {len(load.settled)} requests{late}\n")


__all__ = ["ObservationResult", "UnusableService", "observe"]
