"""Plays one run of a comparison in any worker process: takes plain values, returns the figures, never raises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from simulator.lab.compare.candidates import Candidate
from simulator.lab.compare.figure_steps import figure_steps
from simulator.lab.compare.figures import Terms, Values, measured
from simulator.lab.compare.platform_bill import bills, month_lines, passes
from simulator.lab.compare.play_scenario import PlayScenario
from simulator.lab.elasticity.elasticity import Elasticity
from simulator.lab.elasticity.slo_demand import basis_of, slo_demand
from simulator.lab.figures import failed_checks
from simulator.lab.workers.code_version import files_digest
from simulator.lab.workers.kept_results import Description, KeptResults
from simulator.lab.workers.run_files import files_of
from simulator.records.events import ScalingDecided
from simulator.records.instance_time import InstanceTime
from simulator.replay.runner import BrokenRun, InterruptedRun
from simulator.report.report import RunRecord, ServiceRun, build_report, service_of
from simulator.rules.pricing import BillLine
from simulator.scenario.check_metrics import Dimension
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec

# Maximum number of points of a curve: more points than a chart has pixels would only make the report longer.
CURVE_POINTS_MAX: Final = 240


@dataclass(frozen=True, slots=True)
class Task:
    """One run: a candidate on a scenario file with a seed. `runs` is the number of runs of this file in the comparison.

    `with_curves`: record the data of charts over time.
    """

    file: str
    candidate: Candidate
    seed: int
    terms: Terms
    backend: str
    with_curves: bool = False
    runs: int = 1


def task_name(task: Task) -> str:
    """Return the task's name for progress output."""
    return f"{task.candidate.label}, seed {task.seed}"


@dataclass(frozen=True, slots=True)
class Curves:
    """Instances over time, for a chart: mean values of bins of equal width."""

    width_s: float
    demand: tuple[float, ...]
    ready: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ServiceOutcome:
    """The result of one service.

    `slo_s`: the SLO of its requests. `steps`: the smallest change of each figure by one event.

    `decisions`: the number of changes of the desired count, including the warm-up. `failed_checks`: texts of the
    scenario's checks that failed. `month`: the bill of a month by item.
    """

    values: Values
    elasticity: Elasticity | None
    slo_s: float | None
    curves: Curves | None = None
    steps: Values = field(default_factory=dict)
    decisions: int = 0
    failed_checks: tuple[str, ...] = ()
    basis: str = ""
    month: tuple[BillLine, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """The result of a task: outcomes by service name, or an error in one line."""

    services: dict[str, ServiceOutcome]
    error: str = ""


def kept_tasks(
    path: Path, scenarios: Mapping[str, ScenarioSpec], candidates: Iterable[Candidate]
) -> KeptResults[Task, TaskOutcome]:
    """Return the file that keeps the runs of a comparison, so that it resumes after an interruption.

    Raises:
        OSError: if a file that the runs read cannot be read.
    """
    adapter = TypeAdapter(Task)
    names = list(dict.fromkeys(candidate.given for candidate in candidates))
    inputs = {
        (file, name): files_digest(files_of(scenario, name)) for file, scenario in scenarios.items() for name in names
    }

    def described(task: Task) -> Description:
        """Everything that decides the outcome; not the path of the file, nor the number of runs."""
        settings = adapter.dump_python(task, mode="json", exclude={"file", "runs"})
        return {"scenario": scenarios[task.file].name, "inputs": inputs[task.file, task.candidate.given], **settings}

    return KeptResults(path, TaskOutcome, described, lambda outcome: not outcome.error)


def play_task(task: Task, base: ScenarioSpec, backend: PlayScenario) -> TaskOutcome:
    """Play the task on `base`, the scenario of its file.

    An error becomes part of the result: the comparison continues, reports the error and omits the run.
    """
    try:
        scenario = task.candidate.applied(base).with_seed(task.seed)
        scenario.require("virtual")
        record = backend(scenario)
        services = {service.name: _outcome(task, base, scenario, record, service) for service in record.services}
        return TaskOutcome(services)
    except (ScenarioError, ValueError, BrokenRun, OSError) as error:
        return TaskOutcome({}, str(error))
    except InterruptedRun:
        return TaskOutcome({}, "interrupted before it began")
    except Exception as error:  # noqa: BLE001 a worker's answer, whatever it was
        return TaskOutcome({}, f"{type(error).__name__}: {error}")


def _outcome(
    task: Task, base: ScenarioSpec, scenario: ScenarioSpec, record: RunRecord, service: ServiceRun
) -> ServiceOutcome:
    slo_s = task.terms.slo_of(base, service.name)
    needed = _demand(scenario, service.name, slo_s)
    values, follows = measured(record, service, needed, slo_s, task.terms.miss_usd, task.candidate.price_list)
    curves = _curves(record, service, needed) if task.with_curves and needed is not None else None
    least = figure_steps(values, record, service, task.terms.miss_usd, task.candidate.price_list)
    decisions = sum(isinstance(event, ScalingDecided) and event.service == service.name for event in record.events)
    month = month_lines(bills(record, service, task.candidate.price_list)[1])
    basis = "" if needed is None else basis_of(scenario.services[service.name], scenario.duration_s)
    failed = _failed_checks(task, record, service)
    return ServiceOutcome(values, follows, slo_s, curves, least, decisions, failed, basis, month)


def _failed_checks(task: Task, record: RunRecord, service: ServiceRun) -> tuple[str, ...]:
    """Return the failed checks on this service or on all; limits in USD use the prices of the candidate's platform."""
    prices = task.candidate.price_list
    judged = [check for check in record.checks if service_of(check, record) in {None, service.name}]
    if not judged:
        return ()
    report = build_report(record)
    failed = set(failed_checks(report.checks, report.requests.served))
    for check in judged:
        if prices is not None and check.dimension is Dimension.USD:
            about = service_of(check, record)
            services = [one for one in record.services if about in {None, one.name}]
            failed.discard(check.text)
            failed |= set() if passes(check, record, services, prices) else {check.text}
    return tuple(check.text for check in judged if check.text in failed)


def _demand(scenario: ScenarioSpec, service: str, slo_s: float | None) -> NDArray[np.int64] | None:
    """Return the instances needed per second; None if they cannot be known."""
    return None if scenario.demand_unknown(service) else slo_demand(scenario, service, slo_s)


def _curves(record: RunRecord, service: ServiceRun, needed: NDArray[np.int64]) -> Curves:
    seconds = len(needed)
    width_s = max(1, -(-seconds // CURVE_POINTS_MAX))
    edges = np.append(np.arange(0, seconds, width_s), seconds)
    means = np.add.reduceat(needed, edges[:-1]) / np.diff(edges)
    ready = InstanceTime(service.name, record.events).ready.means(edges.astype(np.float64))
    return Curves(float(width_s), tuple(means.tolist()), tuple(ready.tolist()))
