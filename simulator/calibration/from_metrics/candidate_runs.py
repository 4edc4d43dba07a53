"""Plays candidate models: at a level of load, and through a whole recording of requests per minute."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from simulator.calibration.from_metrics.load_levels import LevelFigure, MeteredLevel, figures_of
from simulator.lab.minutes.minute_recorder import recorded_minutes
from simulator.lab.minutes.service_minutes import MINUTE_S, Floats, ServiceMinutes
from simulator.model.sizes import InstanceSize
from simulator.scenario.scenario import load_scenario, read_scenario

Application = Mapping[str, Any]

_NAME: Final = "service"
_WARM_UP_MINUTES: Final = 1
_MINUTES_MIN: Final = 6
_MINUTES_MAX: Final = 20
_REQUESTS_OF_LEVEL: Final = 8_000
_BINS: Final = "requests.csv"
_SLOTS_MAX: Final = 200  # the largest MaxConcurrency: no request of a level is rejected


@dataclass(frozen=True, slots=True)
class MeteredService:
    """The service that the metrics are of: what calibration needs and no metric has."""

    size: InstanceSize = field(default_factory=InstanceSize)
    max_concurrency: int = 100
    min_size: int = 1
    max_size: int = 25
    policy: str = "app-runner"


def level_minutes(rate_rps: float) -> int:
    """Return how many minutes of a level are played after its warm-up."""
    return int(min(_MINUTES_MAX, max(_MINUTES_MIN, math.ceil(_REQUESTS_OF_LEVEL / (rate_rps * MINUTE_S)))))


def play_level(
    application: Application, level: MeteredLevel, service: MeteredService, seed: int, requests: float
) -> dict[str, LevelFigure]:
    """Return the figures of a pool of as many instances under the rate of the level. `requests`: of the whole
    calibration, which chooses the backend.
    """
    minutes = level_minutes(level.rate_rps) + _WARM_UP_MINUTES
    section = _section(application, service) | {
        "min_size": level.instances,
        "max_size": level.instances,
        "policy": "fixed",
        "max_concurrency": _SLOTS_MAX,
    }
    traffic = [{"name": "users", "poisson": {"rate": f"{level.rate_rps:.6g}/s"}}]
    document = _document(section, traffic, minutes, seed)
    played = recorded_minutes(read_scenario(json.dumps(document)), requests)
    return figures_of(played, np.arange(len(played)) >= _WARM_UP_MINUTES)


def play_minutes(
    application: Application,
    requests: Floats,
    service: MeteredService,
    seed: int,
    total: float,
    kinds: Sequence[Mapping[str, Any]] = (),
) -> ServiceMinutes:
    """Play as many requests in each minute, at random times within it, with the service's own settings and policy.

    `kinds`: the mix of requests; empty: all are for `/`.
    """
    with tempfile.TemporaryDirectory(prefix="simulator-minutes-") as folder:
        text = "requests\n" + "".join(f"{count:.0f}\n" for count in requests)
        Path(folder, _BINS).write_text(text, encoding="utf-8")
        bins = {"file": _BINS, "column": "requests", "bin": "60s", "arrivals": "poisson"}
        section = _section(application, service) | {
            "min_size": service.min_size,
            "max_size": service.max_size,
            "policy": service.policy,
            "max_concurrency": service.max_concurrency,
        }
        source = {"name": "users", "bins": bins} | ({"requests": list(kinds)} if kinds else {})
        document = _document(section, [source], len(requests), seed)
        path = Path(folder, "scenario.yaml")
        path.write_text(json.dumps(document), encoding="utf-8")
        return recorded_minutes(load_scenario(path), total)


def _section(application: Application, service: MeteredService) -> dict[str, Any]:
    size = service.size
    return {"cpu": size.cpu_units, "memory": size.memory_mb, "application": dict(application)}


def _document(section: dict[str, Any], traffic: list[dict[str, Any]], minutes: int, seed: int) -> dict[str, Any]:
    return {
        "version": 1,
        "name": _NAME,
        "seed": seed,
        "duration": f"{minutes * MINUTE_S:.0f}s",
        "services": {_NAME: section},
        "traffic": traffic,
    }
