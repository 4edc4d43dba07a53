"""The densest requests of a log, which candidate models are played on: the same arrivals, at the same instances."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from simulator.calibration.from_logs.log_rows import Floats, LogRows
from simulator.lab.minutes.played_requests import played_requests
from simulator.model.sizes import InstanceSize
from simulator.scenario.scenario import load_scenario

_REQUESTS_MAX: Final = 15_000
_SLICES: Final = 60
_SLICE_REQUESTS: Final = 40
_GROUPS: Final = 6
_GROUP_MIN: Final = 3
_NAME: Final = "service"
_TRACE: Final = "arrivals.csv"
# Differences of latency that count as agreement: the model is no copy of the service.
_TOLERATED: Final = (0.03, 0.03, 0.06)
_SHARES: Final = (0.5, 0.95)
_UNCORRELATED: Final = 0.05


class BusyRequests:
    """The part of a log with the most requests in the least time. `instances`: of the service; `slots`: MaxConcurrency
    or None.
    """

    def __init__(self, rows: LogRows, instances: int, size: InstanceSize, slots: int | None) -> None:
        count = min(_REQUESTS_MAX, len(rows))
        spans = rows.start_s[count - 1 :] - rows.start_s[: len(rows) - count + 1]
        first = int(np.argmin(spans))
        part = slice(first, first + count)
        self.start_s: Floats = rows.start_s[part] - rows.start_s[first]
        self._duration_s = rows.duration_s[part]
        self._instances, self._size, self._slots = instances, size, slots
        slices = max(_GROUPS, min(_SLICES, count // _SLICE_REQUESTS))
        edges = np.linspace(0, self.start_s[-1] + 1e-9, slices + 1)
        self._slice = np.searchsorted(edges, self.start_s, side="right") - 1
        arrivals = np.bincount(self._slice, minlength=slices)
        usable = np.flatnonzero(arrivals >= _SLICE_REQUESTS // 4)
        groups = np.array_split(usable[np.argsort(arrivals[usable], kind="stable")], _GROUPS)
        self._groups = [group for group in groups if len(group) >= _GROUP_MIN]

    @property
    def groups(self) -> int:
        """The number of groups of slices of time, each with a difference in `chi_square`; at least 1."""
        return max(1, len(self._groups))

    @property
    def rate_rps(self) -> float:
        """Requests per second of this part."""
        return len(self.start_s) / max(float(self.start_s[-1]), 1e-9)

    def chi_square(self, application: Mapping[str, Any], seed: int, total: float) -> float:
        """Play the arrivals with an application, and return the squared differences of latency in standard errors.

        `total`: the requests of all such runs, which choose the backend.
        """
        played = self._played(application, seed, total)
        # in the order of arrival, as the log
        order = np.argsort(played.intended_s, kind="stable")
        count = min(len(order), len(self.start_s))
        modelled = self._by_slice(played.latency_s[order][:count])
        measured = self._by_slice(self._duration_s[:count])
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios = np.log(measured / modelled)
        known = np.asarray(np.isfinite(ratios).all(axis=1), dtype=np.bool_)
        repeated = correlation_time(ratios[known, 0])
        groups = (ratios[group][known[group]] for group in self._groups)
        return sum(_of_group(group, repeated) for group in groups if len(group) >= _GROUP_MIN)

    def _by_slice(self, latency_s: Floats) -> Floats:
        """Return mean, median and p95 of each slice of time; shape (slices, 3)."""
        slices = int(self._slice[-1]) + 1
        figures = np.full((slices, 3), np.nan)
        bounds = np.searchsorted(self._slice[: len(latency_s)], np.arange(slices + 1))
        for number, (begin, end) in enumerate(itertools.pairwise(bounds.tolist())):
            if end > begin:
                part = latency_s[begin:end]
                figures[number] = (part.mean(), *np.quantile(part, _SHARES))
        return figures

    def _played(self, application: Mapping[str, Any], seed: int, total: float) -> Any:
        section = {
            "cpu": self._size.cpu_units,
            "memory": self._size.memory_mb,
            "min_size": self._instances,
            "max_size": self._instances,
            "max_concurrency": self._slots or 200,
            "overflow": {"mode": "queue", "wait": "60s"},
            "policy": "fixed",
            "application": dict(application),
        }
        document = {
            "version": 1,
            "name": _NAME,
            "seed": seed,
            "duration": f"{float(self.start_s[-1]) + 1:.3f}s",
            "services": {_NAME: section},
            "traffic": [{"name": "log", "trace": {"file": _TRACE, "format": "seconds"}}],
        }
        with tempfile.TemporaryDirectory(prefix="simulator-log-") as folder:
            lines = "\n".join(f"{at:.6f}" for at in self.start_s.tolist())
            Path(folder, _TRACE).write_text(f"at_s\n{lines}\n", encoding="utf-8")
            path = Path(folder, "scenario.yaml")
            path.write_text(json.dumps(document), encoding="utf-8")
            return played_requests(load_scenario(path), total)


def correlation_time(series: Floats) -> float:
    """Return by how much the variance of the mean of a series exceeds that of independent values, at least 1.

    A queue stays long or short for several slices of time, so their differences are no independent ones. The sum of the
    autocorrelations ends with the first that is small (initial positive sequence).
    """
    centred = series - series.mean() if len(series) else series
    variance = float(np.square(centred).sum())
    total = 1.0
    for shift in range(1, len(series) // 3 if variance > 0 else 0):
        correlation = float((centred[shift:] * centred[:-shift]).sum()) / variance
        if correlation < _UNCORRELATED:
            break
        total += 2 * correlation
    return total


def _of_group(ratios: Floats, repeated: float) -> float:
    variances = ratios.var(axis=0, ddof=1) * repeated / len(ratios) + np.square(_TOLERATED)
    return float((np.square(ratios.mean(axis=0)) / variances).mean())
