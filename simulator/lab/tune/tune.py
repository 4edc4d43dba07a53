"""Tunes a service: the setting that holds an SLO at the lowest cost, how sure that is, and what the SLO costs.

1. exploration.py plays settings of the space on a few days of common random numbers, guided by a surrogate.
2. selection.py compares the best of them day by day until one is the best with the confidence asked for.
3. judging.py: it must hold the SLO on further days, of other seeds or files. If it fails on one, back to 1.
4. around_choice.py plays its neighbours, adverse days and other limits of the SLO.

Runs are played in the compiled backend where it supports the scenario, through a worker pool.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from simulator.lab.compare.backends import kind_of
from simulator.lab.tune.around_choice import look_around
from simulator.lab.tune.assembly import Outcome, assembled
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.play_setting import Asked, DayFigures, PlayedDay, kept_days
from simulator.lab.tune.played import Batches, PlayedSettings, WorkerBatches
from simulator.lab.tune.result import TuneResult
from simulator.lab.tune.search.choice import Aims, choose
from simulator.lab.tune.search.exploration import Exploration
from simulator.lab.tune.space import own_setting
from simulator.lab.workers.kept_results import KeptResults
from simulator.lab.workers.run_files import files_of
from simulator.lab.workers.worker_pool import WorkerPool
from simulator.scenario.user_policy import is_user_policy
from simulator.world.clock import wall_s
from simulator.world.random_streams import RandomStreams

BATCH_MIN: Final = 8  # settings that are played together, so that the choice does not depend on the number of workers

OnPhase = Callable[[str], None]
OnRuns = Callable[[int], None]


def tune(
    plan: TunePlan,
    pool: WorkerPool,
    on_phase: OnPhase = lambda _: None,
    on_runs: OnRuns = lambda _: None,
    kept: KeptResults[PlayedDay, DayFigures] | None = None,
) -> TuneResult:
    """Play the tuning and return its result.

    `on_phase` receives what is done next, `on_runs` the number of runs that have ended. `kept`: see `kept_runs`.

    Raises:
        ValueError: if no setting of the space can be played.
    """
    return tune_with(plan, worker_batches(plan, pool, on_runs, kept), on_phase)


def worker_batches(
    plan: TunePlan,
    pool: WorkerPool,
    on_runs: OnRuns = lambda _: None,
    kept: KeptResults[PlayedDay, DayFigures] | None = None,
) -> WorkerBatches:
    """Return what plays settings of the plan through a pool."""
    return WorkerBatches(pool, _asked(plan), _files(plan), on_runs, kept)


def kept_runs(plan: TunePlan, path: Path) -> KeptResults[PlayedDay, DayFigures]:
    """Return the file that keeps the runs, so that a tuning resumes. Raises OSError if a file cannot be read."""
    return kept_days(path, _asked(plan), _files(plan))


def _asked(plan: TunePlan) -> Asked:
    return Asked(plan.sources, plan.slo.parts, plan.objective.check, plan.backend, plan.runs)


def _files(plan: TunePlan) -> list[Path]:
    """Return the files that the runs read, also those of policies that vary."""
    values = [value for knob in plan.space.knobs for value in knob.values if isinstance(value, str)]
    policies = [value for value in values if is_user_policy(value)]
    return list(dict.fromkeys(file for scenario in plan.scenarios for file in files_of(scenario, *policies)))


def tune_with(plan: TunePlan, batches: Batches, on_phase: OnPhase = lambda _: None) -> TuneResult:
    """Play the tuning through `batches`, whatever plays them. Raises like `tune`."""
    began_s = wall_s()
    days = plan.days
    played = PlayedSettings(plan.space, plan.slo, days, plan.base_days, batches, plan.kinds)
    exploration = Exploration(played, RandomStreams(plan.scenarios[0].seed), BATCH_MIN)
    own = own_setting(plan.space, plan.scenarios[0])
    own_place = None if own is None else plan.space.places[own]
    on_phase("exploring")
    exploration.begin([] if own_place is None else [own_place])
    if not played.places:
        msg = f"vary = no setting can be played: {next(iter(played.errors), 'the space is empty')}"
        raise ValueError(msg)
    aims = Aims(plan.indifference, plan.confidence, plan.share, plan.runs)
    chosen = choose(played, exploration, days.judging, aims, own_place, on_phase)
    around = look_around(plan, played, exploration, chosen, on_phase) if plan.explain else None
    backend = kind_of(plan.backend, plan.scenarios[0], plan.runs).name
    return assembled(plan, Outcome(played, chosen, around, own_place, wall_s() - began_s, backend))
