"""Plays a setting on a day in any worker: takes plain values, returns the figures of the run, never raises."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from simulator.lab.compare.backends import backend_of
from simulator.lab.compare.platform_bill import bills
from simulator.lab.tune.days import Day, on_day
from simulator.lab.workers.code_version import files_digest
from simulator.lab.workers.kept_results import Description, KeptResults
from simulator.replay.runner import BrokenRun
from simulator.report.report import RunRecord, ServiceRun, judged
from simulator.rules.platforms.presets import platform_named
from simulator.scenario.check_expression import CheckExpression, parse_check
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, ScenarioText

# Figures of every run, beside those of the SLO and the objective.
LATENCY: Final = parse_check("p95 < 1 s")
LOST: Final = parse_check("error_rate < 1 %")
APP_RUNNER: Final = "app-runner"  # its bill has the prices of the scenario's Region
_KEPT: Final = 64  # scenarios that a worker keeps: the days of a setting follow each other


class Asked(NamedTuple):
    """What is asked of every run. `runs`: about how many there will be, for the choice of the backend."""

    sources: tuple[ScenarioText, ...]
    slo: tuple[CheckExpression, ...]
    objective: CheckExpression
    backend: str
    runs: int


class PlayedDay(NamedTuple):
    """A setting, by its place in the space and its changes, and the day to play it on."""

    place: int
    changes: tuple[tuple[str, Any], ...]
    day: Day


class DayFigures(NamedTuple):
    """The figures of a run. `slo`: the value of each part; None if there was nothing to measure.

    `error`: why there is no run, such as a setting that the scenario cannot have; empty if there is one.
    """

    objective: float
    slo: tuple[float | None, ...]
    month_usd: float
    latency_p95_s: float | None
    error_rate: float | None
    error: str = ""


def kept_days(path: Path, asked: Asked, files: Sequence[Path]) -> KeptResults[PlayedDay, DayFigures]:
    """Return the file that keeps the runs of a tuning, so that it resumes after an interruption.

    `files`: what the scenarios read.

    Raises:
        OSError: if one of them cannot be read.
    """
    inputs = files_digest(files)
    parts = {"slo": [check.text for check in asked.slo], "minimise": asked.objective.text, "inputs": inputs}

    def described(unit: PlayedDay) -> Description:
        source, day = asked.sources[unit.day.file], unit.day
        text = hashlib.sha256(source.text.encode()).hexdigest()
        return {
            "scenario": Path(source.file).stem,
            "text": text,
            "changes": dict(unit.changes),
            "seed": day.seed,
            "condition": day.condition.value,
            **parts,
        }

    return KeptResults(path, DayFigures, described, lambda figures: not figures.error)


def play_day(asked: Asked, unit: PlayedDay) -> DayFigures:
    """Play a setting on a day and return its figures."""
    try:
        scenario = on_day(_scenario(asked.sources[unit.day.file], repr(unit.changes), _Changes(unit.changes)), unit.day)
        return figures_of(backend_of(asked.backend, asked.runs)(scenario), scenario, asked)
    except (ScenarioError, ValueError, BrokenRun, OSError) as error:
        return failed_day(asked, str(error))
    except Exception as error:  # noqa: BLE001 a worker's answer, whatever it was
        return failed_day(asked, f"{type(error).__name__}: {error}")


def failed_day(asked: Asked, error: str) -> DayFigures:
    """Return the figures of a run that did not take place."""
    return DayFigures(math.nan, (None,) * len(asked.slo), math.nan, None, None, error)


def figures_of(record: RunRecord, scenario: ScenarioSpec, asked: Asked) -> DayFigures:
    """Return the figures of a run. Costs of a service on another platform have the prices of that platform."""
    results = judged(record, (*asked.slo, asked.objective, LATENCY, LOST))
    *slo, objective, latency, lost = (result.value for result in results)
    month_usd = math.fsum(_month_usd(scenario, record, service) for service in record.services)
    if asked.objective.metric == "usd_per_month":
        objective = month_usd
    if objective is None:
        objective = math.nan
    return DayFigures(objective, tuple(slo), month_usd, latency, lost)


def _month_usd(scenario: ScenarioSpec, record: RunRecord, service: ServiceRun) -> float:
    found = scenario.services.get(service.name)
    platform = None if found is None else found.platform
    prices = None if platform in {None, APP_RUNNER} else platform_named(platform or "").prices
    return bills(record, service, prices)[1].usd


class _Changes(NamedTuple):
    """Changes as an argument of a cached function; the text beside it is the key, because values may be mappings."""

    items: tuple[tuple[str, Any], ...]

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Changes)


@lru_cache(maxsize=_KEPT)
def _scenario(source: ScenarioText, _key: str, changes: _Changes) -> ScenarioSpec:
    """Return the scenario with a setting; the days of the setting share it."""
    scenario = source.scenario(dict(changes.items)).played_to_the_end()
    scenario.require("virtual")
    # The checks of the file are not evaluated, except for the requests that those of the SLO count apart.
    return scenario
