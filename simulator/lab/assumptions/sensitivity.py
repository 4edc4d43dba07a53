"""Plays a run with each assumption that it depends on at both ends of its range, and ranks the assumptions.

Common random numbers: the moved runs have the seed of the run, so that arrivals and work are the same and a difference
is the effect of the assumption. Two more seeds of the run as it is show how much its figures vary by chance: an
assumption that moves no figure by more than that is within the noise. Assumptions are ranked by their largest change,
as a multiple of the noise of the figure.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from simulator.lab.assumptions.assumption import MovableAssumption, Value
from simulator.lab.assumptions.registry import MOVABLE
from simulator.lab.assumptions.unmoved import UNMOVED
from simulator.lab.backend_names import AUTO
from simulator.lab.compare.backends import backend_of
from simulator.lab.workers.resilient_workers import ResilientWorkers
from simulator.replay.runner import BrokenRun, InterruptedRun
from simulator.report.assumptions import (
    AssumptionMovePart,
    AssumptionPart,
    AssumptionsPart,
    HeadlinePart,
    SetAssumptionPart,
    UnmovedAssumptionPart,
)
from simulator.report.report import build_report
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec

SEEDS: Final = 3
HEADLINES: Final = tuple(HeadlinePart.model_fields)
# The least noise of a figure: a smaller change is not distinguished. Percentiles are within 0.4 %.
_LEAST_ERROR_RATE: Final = 1e-4
_LEAST_SHARES: Final = {"latency_p95_s": 0.01, "month_usd": 1e-3, "instance_hours": 1e-3}
_SECONDS_PER_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class SensitivityRun:
    """A run: its name for progress output, and the scenario as moved."""

    number: int
    name: str
    scenario: ScenarioSpec


Outcome = HeadlinePart | str
"""The figures of a run, or why it failed."""


@dataclass(frozen=True, slots=True)
class _Move:
    """An assumption at one end of its range, in the services that depend on it."""

    assumption: MovableAssumption
    values: Mapping[str, Value]

    @property
    def text(self) -> str:
        """The value, or the different values of the services."""
        return " / ".join(dict.fromkeys(self.assumption.text(value) for value in self.values.values()))

    def applied(self, scenario: ScenarioSpec) -> ScenarioSpec:
        services = {
            name: self.assumption.moved(service, self.values[name]) if name in self.values else service
            for name, service in scenario.services.items()
        }
        return scenario.model_copy(update={"services": services})


class Sensitivity:
    """The runs that show how a scenario depends on its assumptions. It plays to the end, whatever its checks say."""

    def __init__(self, scenario: ScenarioSpec, backend: str = AUTO) -> None:
        """Plan the runs.

        Raises:
            ScenarioError: if the scenario cannot be played in virtual time.
            ValueError: for a backend that cannot play it.
        """
        self._scenario = scenario.played_to_the_end()
        self._scenario.require("virtual")
        self._backend = backend
        self._moves = list(_moves(self._scenario))
        self.runs = [
            *(
                SensitivityRun(number, f"seed {seed}", self._scenario.with_seed(seed))
                for number, seed in enumerate(self.seeds)
            ),
            *(
                SensitivityRun(number, f"{move.assumption.key} = {move.text}", move.applied(self._scenario))
                for number, move in enumerate(self._moves, SEEDS)
            ),
        ]

    @property
    def seeds(self) -> list[int]:
        """The seeds of the runs without a move; the last ones are lower if there are no higher ones."""
        first = self._scenario.seed
        step = 1 if first + SEEDS <= 2**63 else -1
        return [first + step * number for number in range(SEEDS)]

    def play(self, workers: int = 1, on_done: Callable[[SensitivityRun], None] = lambda _: None) -> AssumptionsPart:
        """Play all runs and return the report's part. With `workers` = 1 they are played in this process.

        Raises:
            BrokenRun: if the run as it is fails with one of the seeds.
        """
        outcomes: dict[int, Outcome] = {}
        for run, outcome in self._outcomes(workers):
            outcomes[run.number] = outcome
            on_done(run)
        bases = [_figures_of(outcomes[number]) for number in range(SEEDS)]
        noise = _noise(bases)
        moved = {
            id(move): _move_part(move, outcomes[number], bases[0]) for number, move in enumerate(self._moves, SEEDS)
        }
        return AssumptionsPart(
            runs=len(self.runs),
            seeds=self.seeds,
            base=bases[0],
            noise=noise,
            ranked=sorted(self._parts(moved, noise), key=lambda part: -part.effect),
            set_in_file=list(_set_in_file(self._scenario)),
            unmoved=[
                UnmovedAssumptionPart(where=each.place.module, why=each.why)
                for each in UNMOVED
                if each.matters is not None and each.matters(self._scenario)
            ],
        )

    def _outcomes(self, workers: int) -> Iterator[tuple[SensitivityRun, Outcome]]:
        work = partial(played_run, backend=self._backend, runs=len(self.runs))
        if min(workers, len(self.runs)) == 1 or not _can_be_sent(self._scenario):
            for run in self.runs:
                yield run, work(run)
            return
        with ResilientWorkers(min(workers, len(self.runs))) as pool:
            for run, future in pool.results(work, self.runs):
                error = future.exception()
                yield run, future.result() if error is None else str(error)

    def _parts(self, moved: Mapping[int, AssumptionMovePart], noise: HeadlinePart) -> Iterator[AssumptionPart]:
        for assumption in dict.fromkeys(move.assumption for move in self._moves):
            moves = [move for move in self._moves if move.assumption is assumption]
            parts = [moved[id(move)] for move in moves]
            current = _Move(
                assumption, {name: assumption.current(self._scenario.services[name]) for name in moves[0].values}
            )
            effect = max((_effect(part.change, noise) for part in parts if part.change is not None), default=0.0)
            yield AssumptionPart(
                setting=assumption.key,
                services=list(moves[0].values),
                sentence=assumption.sentence,
                where=list(dict.fromkeys(place.module for place in assumption.places)),
                value=current.text,
                why=assumption.why,
                moves=parts,
                effect=effect,
                within_noise=effect <= 1,
            )


def played_run(run: SensitivityRun, backend: str = AUTO, runs: int = 1) -> Outcome:
    """Play a run in any worker process. An error becomes the outcome, so that the other runs continue."""
    try:
        report = build_report(backend_of(backend, runs)(run.scenario))
    except (ScenarioError, ValueError, BrokenRun, InterruptedRun, OSError) as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 a worker's answer, whatever it was
        return f"{type(error).__name__}: {error}"
    provisioned_s = sum(service.instances.provisioned_s for service in report.services)
    return HeadlinePart(
        error_rate=report.requests.error_rate,
        latency_p95_s=report.requests.latency.p95_s,
        month_usd=report.month_usd,
        instance_hours=provisioned_s / _SECONDS_PER_HOUR,
    )


def _moves(scenario: ScenarioSpec) -> Iterator[_Move]:
    for assumption in MOVABLE:
        services = {name: each for name, each in scenario.services.items() if assumption.depends(each)}
        current = {name: assumption.current(service) for name, service in services.items()}
        for end in (0, 1):
            values = {name: assumption.bounds(service)[end] for name, service in services.items()}
            if values != current:
                yield _Move(assumption, values)


def _set_in_file(scenario: ScenarioSpec) -> Iterator[SetAssumptionPart]:
    for assumption in MOVABLE:
        services = {
            name: assumption.current(each)
            for name, each in scenario.services.items()
            if assumption.applies(each) and assumption.is_set(each)
        }
        if services:
            value = _Move(assumption, services).text
            yield SetAssumptionPart(setting=assumption.key, services=list(services), value=value)


def _can_be_sent(scenario: ScenarioSpec) -> bool:
    """Return False if worker processes cannot import the scenario's policy, such as a user's own."""
    try:
        pickle.dumps(scenario)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True


def _figures_of(outcome: Outcome) -> HeadlinePart:
    if isinstance(outcome, str):
        raise BrokenRun(outcome, expected=True)
    return outcome


def _move_part(move: _Move, outcome: Outcome, base: HeadlinePart) -> AssumptionMovePart:
    if isinstance(outcome, str):
        return AssumptionMovePart(value=move.text, change=None, error=outcome)
    return AssumptionMovePart(value=move.text, change=_difference(outcome, base), error="")


def _difference(ours: HeadlinePart, theirs: HeadlinePart) -> HeadlinePart:
    return HeadlinePart(**{name: _minus(getattr(ours, name), getattr(theirs, name)) for name in HEADLINES})


def _minus(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or theirs is None else ours - theirs


def _noise(bases: list[HeadlinePart]) -> HeadlinePart:
    """Return the range of each figure over the seeds, and at least its resolution."""
    noise = {}
    for name in HEADLINES:
        values = [value for base in bases if (value := getattr(base, name)) is not None]
        least = _LEAST_SHARES[name] * max(map(abs, values), default=0) if name in _LEAST_SHARES else _LEAST_ERROR_RATE
        noise[name] = max(max(values) - min(values), least) if values else None
    return HeadlinePart(**noise)


def _effect(change: HeadlinePart, noise: HeadlinePart) -> float:
    """Return the largest change as a multiple of the figure's noise."""
    pairs = [(getattr(change, name), getattr(noise, name)) for name in HEADLINES]
    return max((abs(one) / by for one, by in pairs if one is not None and by), default=0.0)
