"""Validation: runs every ground-truth case that can be run, and compares the published values with the measured ones.

The numbers are those of the validation sheet; `LEFT_OUT` gives the reason why each other number is not a case.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulator.lab.validate import (
    app_runner as validate_app_runner,
)
from simulator.lab.validate import (
    faas as validate_faas,
)
from simulator.lab.validate import (
    queueing as validate_queueing,
)
from simulator.lab.validate import (
    vectors as validate_vectors,
)
from simulator.lab.validate.case import Case, Curve, Finding, FindingVerdict, Subject
from simulator.lab.validate.measured import (
    bills,
    cloud_run,
    container_apps,
    container_apps_bursts,
    container_apps_deployments,
    container_apps_probes,
    ecs,
    ecs_deployments,
    ecs_fargate,
    fargate,
    knative,
    lambda_init,
    lambda_keep_alive,
    scalability,
)
from simulator.lab.validate.measured.kubernetes import hpa, hpa_bursts
from simulator.lab.workers.batch import played
from simulator.lab.workers.kept_results import KeptResults
from simulator.lab.workers.opening import worker_pool
from simulator.lab.workers.worker_pool import WorkerDied, WorkerPool
from simulator.model.extras import missing_text
from simulator.model.text.problems import one_of
from simulator.world.clock import wall_s

LEFT_OUT: Final = (
    ("2 to 4", "reported with case 1, or from the same run"),
    ("6", "begins with five idle environments of stated ages, which a platform cannot be given"),
    ("19", "more experiments of case 18, to which the rule was fitted; the one that was not is in case 18"),
    ("22", "a formula for Knative by others, not a measurement of it; cases 20 and 21 are their measurements"),
    ("25, 26", "service levels of a live cluster's data path"),
    ("27", "its rule lets requests wait inside a busy instance"),
    ("33", "an abstract without the setup that was measured"),
    ("35 to 37", "distributions of start-up times and latencies, which are inputs here"),
)


def left_out() -> list[tuple[str, str]]:
    """Return the numbers that are no case, or cannot be one here, each with the reason."""
    missing = [] if importlib.util.find_spec("scipy") else [("V15", missing_text("scipy"))]
    return [*LEFT_OUT, *missing]


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """What a case gave. `seconds`: the time that it took."""

    findings: tuple[Finding, ...]
    curves: tuple[Curve, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of a case. `seconds`: the time that it took."""

    case: Case
    findings: tuple[Finding, ...]
    curves: tuple[Curve, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return all(finding.verdict is not FindingVerdict.MISS for finding in self.findings)


def all_cases() -> list[Case]:
    """Return all cases; those of other platforms first, because they take longest, so that workers finish together."""
    modules = (
        hpa,
        hpa_bursts,
        ecs_fargate,
        container_apps,
        container_apps_bursts,
        container_apps_probes,
        container_apps_deployments,
        ecs,
        ecs_deployments,
        fargate,
        knative,
        bills,
        cloud_run,
        lambda_init,
        lambda_keep_alive,
        scalability,
        validate_faas,
        validate_vectors,
        validate_app_runner,
        validate_queueing,
    )
    return [case for module in modules for case in module.cases()]


def chosen(names: Sequence[str], subjects: Sequence[str] = ()) -> list[Case]:
    """Return the cases with one of these numbers or prefixes that are about one of the `subjects`.

    `2.1` selects every closed form. Without names all numbers, without subjects all subjects are selected.

    Raises:
        ValueError: for a name that matches no case, or an unknown subject.
    """
    for subject in subjects:
        if subject not in set(Subject):
            msg = f"platform = {subject!r}, must be {one_of(subject, Subject)}"
            raise ValueError(msg)
    cases = [case for case in all_cases() if not subjects or case.subject in subjects]
    for name in names:
        if not any(_is(case, name) for case in cases):
            msg = f"case = {name!r}, must be {one_of(name, [case.number for case in cases])}"
            raise ValueError(msg)
    return [case for case in cases if not names or any(_is(case, name) for name in names)]


def validated(
    cases: Sequence[Case],
    workers: int | WorkerPool = 1,
    on_result: Callable[[CaseResult, bool], None] = lambda *_: None,
    kept: KeptResults[Case, CaseFigures] | None = None,
) -> list[CaseResult]:
    """Run the cases and return the results in order; `on_result` is called in the order of completion.

    `workers`: a pool, or a number of processes of this machine; 1 is this process. `on_result` gets True if an earlier
    start has run the case. `kept`: see `kept_cases`.

    Raises:
        WorkerDied: for a case whose worker died in every attempt.
    """
    if isinstance(workers, int):
        with worker_pool(workers, units=len(cases)) as pool:
            return validated(cases, pool, on_result, kept)
    results: dict[str, CaseResult] = {}
    for case, future, before in played(workers, _run, None, cases, kept=kept):
        error = future.exception()
        if isinstance(error, WorkerDied):
            msg = f"case {case.number}: {error}"
            raise WorkerDied(msg)
        figures = future.result()
        results[case.number] = CaseResult(case, figures.findings, figures.curves, figures.seconds)
        on_result(results[case.number], before)
    return [results[case.number] for case in cases]


def kept_cases(path: Path) -> KeptResults[Case, CaseFigures]:
    """Return the file that keeps the figures of cases, so that a validation resumes after an interruption."""
    return KeptResults(path, CaseFigures, lambda case: {"case": case.number})


def _run(_: None, case: Case) -> CaseFigures:
    begin_s = wall_s()
    findings, curves = tuple(case.run()), tuple(case.curves())
    return CaseFigures(findings, curves, wall_s() - begin_s)


def _is(case: Case, name: str) -> bool:
    return case.number == name or case.number.startswith(f"{name}.") or name in case.number.split(", ")
