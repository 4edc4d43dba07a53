"""Plays a comparison: every candidate on every scenario with every seed, in parallel, and summarises the runs.

Common random numbers: each random stream of a run is named after its consumer (world/random_streams.py), and a
request's work is sampled when it arrives, rejected or not. So runs with the same seed have the same arrivals and the
same work under every policy, except for closed sources, whose users wait for answers. Differences are computed seed by
seed. Results are in the order of the tasks and do not depend on the process that plays a run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import simulator
from simulator.lab.answer.alternatives import OBJECTIVES, SCORE
from simulator.lab.backend_names import AUTO
from simulator.lab.compare.backends import played_of
from simulator.lab.compare.candidates import CONFIGURED, Candidate, CandidateKind, references
from simulator.lab.compare.comparison import (
    COMPARISON_VERSION,
    CandidatePart,
    CasePart,
    Comparison,
    CurvePart,
    EstimatePart,
    FailurePart,
    RowPart,
    SizePart,
)
from simulator.lab.compare.elasticity import add_elasticity, worst_case
from simulator.lab.compare.figures import FIGURES, OF_RUNS, Terms
from simulator.lab.compare.month_table import month_items
from simulator.lab.compare.notes import case_notes, equal_rows, notes_of
from simulator.lab.compare.platform_bill import prices_line
from simulator.lab.compare.run import ServiceOutcome, Task, TaskOutcome
from simulator.lab.compare.summary.answers import case_answer, overall_answer
from simulator.lab.compare.summary.overall import overall_parts
from simulator.lab.frontier import failures_of
from simulator.lab.statistics import Estimate, Scope, estimate, paired
from simulator.lab.workers.batch import played
from simulator.lab.workers.kept_results import KeptResults
from simulator.lab.workers.opening import worker_pool
from simulator.lab.workers.run_files import files_of
from simulator.lab.workers.worker_pool import WorkerPool
from simulator.model.text.problems import one_of
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.scenario import ScenarioSpec, load_scenario
from simulator.traffic.policy_fit import NoteKind, PolicyNote

SEEDS_DEFAULT: Final = 20

Column = list[float | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a comparison. `baseline` is a candidate's label.

    Each candidate plays each scenario with `seeds` consecutive seeds, beginning with the scenario's own. `oracle`: also
    play the oracles, which regret is relative to. `objective`: the figure that the best candidate has lowest.

    Raises:
        ValueError: if there is nothing to compare, or the baseline is not a candidate.
        ScenarioError: if a scenario file cannot be used.
    """

    files: Sequence[Path]
    candidates: Sequence[Candidate]
    baseline: str
    seeds: int = SEEDS_DEFAULT
    terms: Terms = field(default_factory=Terms)
    backend: str = AUTO
    oracle: bool = True
    objective: str = SCORE.name
    scenarios: Mapping[str, ScenarioSpec] = field(init=False)
    references: Mapping[str, Candidate] = field(init=False)

    def __post_init__(self) -> None:
        if not self.files or not self.candidates:
            msg = "compare = nothing, must have at least a scenario and a policy or platform"
            raise ValueError(msg)
        if self.baseline not in (labels := [candidate.label for candidate in self.candidates]):
            msg = f"baseline = {self.baseline!r}, must be {one_of(self.baseline, labels)}"
            raise ValueError(msg)
        if self.objective not in OBJECTIVES:
            msg = f"objective = {self.objective!r}, must be {one_of(self.objective, OBJECTIVES)}"
            raise ValueError(msg)
        loaded = {str(file): load_scenario(file).played_to_the_end() for file in self.files}
        object.__setattr__(self, "scenarios", loaded)
        for scenario in self.scenarios.values():
            scenario.require("virtual")
            for candidate in self.candidates:
                _fitting(candidate, scenario).require("virtual")
        known = all(
            not scenario.demand_unknown(service)
            for scenario in self.scenarios.values()
            for service in scenario.services
        )
        found = references(self.candidates, self.scenarios.values()) if self.oracle and known else {}
        object.__setattr__(self, "references", found)

    @property
    def all_candidates(self) -> list[Candidate]:
        """The candidates, and the oracles if every scenario's future demand can be known."""
        if not self.references:
            return list(self.candidates)
        # The oracle with the scenario's own actuator is always shown: the best possible result of this scenario.
        policies = any(candidate.kind is CandidateKind.POLICY for candidate in self.candidates)
        plain = [Candidate(CandidateKind.POLICY, CONFIGURED, is_oracle=True)] if policies else []
        labels = {candidate.label for candidate in self.candidates}
        oracles = {one.label: one for one in [*plain, *self.references.values()] if one.label not in labels}
        return [*self.candidates, *oracles.values()]

    @property
    def inputs(self) -> list[Path]:
        """The files that the runs read."""
        given = [candidate.given for candidate in self.candidates]
        return list(dict.fromkeys(path for each in self.scenarios.values() for path in files_of(each, *given)))

    def seeds_of(self, file: str) -> list[int]:
        first = self.scenarios[file].seed
        return [first + number for number in range(self.seeds)]

    def tasks(self) -> list[Task]:
        """List the runs by scenario, then seed: one process plays the same traffic, and prepares it once."""
        all_candidates = self.all_candidates
        runs = self.seeds * len(all_candidates)
        return [
            Task(file, candidate, seed, self.terms, self.backend, with_curves=number == 0, runs=runs)
            for file in self.scenarios
            for number, seed in enumerate(self.seeds_of(file))
            for candidate in all_candidates
        ]


def _fitting(candidate: Candidate, scenario: ScenarioSpec) -> ScenarioSpec:
    try:
        return candidate.applied(scenario)
    except ValueError as error:
        msg = f"{scenario.name}: {error}"
        raise ValueError(msg) from error


Progress = Callable[[Task, TaskOutcome, bool], None]
"""Called after each run. True: an earlier start has played it."""


def compare(
    plan: Plan,
    workers: int | WorkerPool = 1,
    on_done: Progress = lambda _task, _outcome, _before: None,
    kept: KeptResults[Task, TaskOutcome] | None = None,
) -> Comparison:
    """Play all runs and return the comparison.

    `workers`: a pool, or a number of processes of this machine; 1 is this process. `kept`: see `kept_tasks`.
    """
    if isinstance(workers, int):
        with worker_pool(workers) as pool:
            return compare(plan, pool, on_done, kept)
    tasks = plan.tasks()
    outcomes: dict[Task, TaskOutcome] = {}
    for task, future, before in played(workers, played_of, plan.scenarios, tasks, plan.inputs, kept):
        error = future.exception()
        outcomes[task] = future.result() if error is None else TaskOutcome({}, str(error))
        on_done(task, outcomes[task], before)
    return assembled(plan, {task: outcomes[task] for task in tasks})


# --- assembling the comparison -------------------------------------------------------------------------------------


def assembled(plan: Plan, outcomes: Mapping[Task, TaskOutcome]) -> Comparison:
    """Return the comparison from the outcomes of the plan's tasks, in their order."""
    all_candidates = plan.all_candidates
    cases = [
        _case(plan, file, service, outcomes)
        for file, scenario in plan.scenarios.items()
        for service in scenario.services
    ]
    overall = overall_parts(cases, [candidate.label for candidate in all_candidates])
    return Comparison(
        comparison_version=COMPARISON_VERSION,
        simulator=simulator.__version__,
        baseline=plan.baseline,
        miss_usd=plan.terms.miss_usd,
        backend=plan.backend,
        candidates=[_candidate(candidate, plan) for candidate in all_candidates],
        cases=cases,
        overall=overall,
        objective=plan.objective,
        answer=overall_answer(cases, overall, plan.baseline, plan.objective) if len(cases) > 1 else None,
        failures=[
            FailurePart(
                scenario=plan.scenarios[task.file].name,
                candidate=task.candidate.label,
                seed=task.seed,
                error=outcome.error,
            )
            for task, outcome in outcomes.items()
            if outcome.error
        ],
    )


def _candidate(candidate: Candidate, plan: Plan) -> CandidatePart:
    prices = candidate.price_list
    scenario = next(iter(plan.scenarios.values()))
    policy = next(iter(candidate.applied(scenario).services.values())).policy
    return CandidatePart(
        label=candidate.label,
        kind=candidate.kind.value,
        about=policy.kind.summary if policy.name in POLICIES or not candidate.is_oracle else "",
        prices=prices_line(scenario, prices),
        is_reference=candidate not in plan.candidates,
    )


def _case(plan: Plan, file: str, service: str, outcomes: Mapping[Task, TaskOutcome]) -> CasePart:
    scenario, seeds = plan.scenarios[file], plan.seeds_of(file)
    found: dict[str, list[ServiceOutcome | None]] = {candidate.label: [] for candidate in plan.all_candidates}
    for task, outcome in outcomes.items():
        if task.file == file:
            found[task.candidate.label].append(outcome.services.get(service))
    columns = {label: _columns(runs) for label, runs in found.items()}
    oracles = {candidate.label for candidate in plan.all_candidates if candidate.is_oracle}
    add_elasticity(columns, found, plan.baseline, oracles)
    _add_regret(plan, columns)
    baseline = columns[plan.baseline]
    notes = {candidate.label: notes_of(candidate, scenario, service) for candidate in plan.all_candidates}
    moved = {candidate.label: candidate.moved_size(scenario, service) for candidate in plan.all_candidates}
    rows = [_row(label, columns[label], baseline, found[label], plan.baseline, notes[label]) for label in columns]
    equal = equal_rows(rows)
    steps = {label: {name: _scope(name, runs).step for name in OF_RUNS} for label, runs in found.items()}
    return CasePart(
        name=scenario.name if len(scenario.services) == 1 else f"{scenario.name}/{service}",
        scenario=scenario.name,
        service=service,
        seeds=seeds,
        duration_s=scenario.duration_s,
        slo_s=plan.terms.slo_of(scenario, service),
        rows=[row.model_copy(update={"size": SizePart.of(moved[row.candidate])}) for row in rows],
        notes=case_notes(plan.candidates, scenario, service, rows, notes),
        equal=equal,
        answer=case_answer(rows, equal, steps, plan.baseline, plan.objective),
    )


def _add_regret(plan: Plan, columns: dict[str, dict[str, Column]]) -> None:
    """Add regret: the score as a multiple of the best known score for the same actuator, queue, limits and prices.

    The best known score is the oracle's, or a lower one of a candidate with this oracle as reference: the oracle lets
    no request wait, so a policy may be better where waiting is allowed and cheap. So a regret is at least 1.
    """
    groups: dict[str, list[str]] = {}
    for label, reference in plan.references.items():
        members = groups.setdefault(reference.label, [reference.label])
        if label not in members:
            members.append(label)
    for candidate in plan.all_candidates:
        if plan.references and candidate.is_oracle:
            groups.setdefault(candidate.label, [candidate.label])
    for members in groups.values():
        scores = [columns[label]["score"] for label in members]
        best: Column = [
            None if None in of_seed[:1] else min(score for score in of_seed if score is not None)
            for of_seed in zip(*scores, strict=True)
        ]
        for label in members:
            columns[label]["regret"] = _quotients(columns[label]["score"], best)


def _columns(runs: Sequence[ServiceOutcome | None]) -> dict[str, Column]:
    return {name: [None if run is None else run.values.get(name) for run in runs] for name in OF_RUNS}


def _quotients(ours: Column, reference: Column) -> Column:
    return [None if a is None or not b else a / b for a, b in zip(ours, reference, strict=True)]


def _row(
    label: str,
    columns: Mapping[str, Column],
    baseline: Mapping[str, Column],
    runs: Sequence[ServiceOutcome | None],
    baseline_label: str,
    notes: Sequence[PolicyNote],
) -> RowPart:
    scopes = {name: _scope(name, runs) for name in columns}
    estimates = {name: estimate(column, scopes[name]) for name, column in columns.items()}
    estimates["sigma_worst"] = worst_case(runs)
    differences = {}
    if label != baseline_label:
        differences = {name: paired(columns[name], baseline[name], scopes[name]) for name in columns}
    curves = runs[0].curves if runs and runs[0] is not None else None
    return RowPart(
        candidate=label,
        values=dict(columns),
        estimates={name: _part(found) for name, found in estimates.items() if found is not None},
        differences={name: _part(found) for name, found in differences.items() if found is not None},
        curve=None
        if curves is None
        else CurvePart(width_s=curves.width_s, demand=list(curves.demand), ready=list(curves.ready)),
        cannot_act=next((note.text for note in notes if note.kind is NoteKind.CANNOT_ACT), ""),
        decisions=sum(run.decisions for run in runs if run is not None),
        basis=next((run.basis for run in runs if run is not None), ""),
        month=month_items([run.month for run in runs if run is not None]),
        failing=_failing(runs, estimates.get("error_rate")),
    )


def _failing(runs: Sequence[ServiceOutcome | None], loss: Estimate | None) -> list[str]:
    """Return the reasons why a row is not on the frontier (lab/frontier.py)."""
    known = [run for run in runs if run is not None]
    failed = Counter(text for run in known for text in run.failed_checks)
    return list(failures_of(0.0 if loss is None else loss.mean, failed, len(known)))


def _scope(name: str, runs: Sequence[ServiceOutcome | None]) -> Scope:
    """Return a figure's bounds and step. Steps of `elastic_speedup`, `regret` and elasticity scores are unknown (0)."""
    known = [run.steps.get(name) or 0.0 for run in runs if run is not None]
    return Scope(FIGURES[name].least, FIGURES[name].most, max(known, default=0.0))


def _part(found: Estimate) -> EstimatePart:
    return EstimatePart(mean=found.mean, low=found.low, high=found.high)
