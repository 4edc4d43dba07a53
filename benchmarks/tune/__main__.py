"""Solves ten spaces by enumeration, and repeats `simulator tune`, Optuna's TPE and random search on them.

    python -m benchmarks.tune --repetitions 10 --results FOLDER [--spaces spike,steady] [--workers 2]

Each repetition has days of its own. All three methods have the same number of runs: what the tuning took. A choice is
right if it holds the SLO on at least 90 % of 40 days that no method has seen, and costs at most 1 % more than the true
best on them. A false claim is a choice that holds on fewer days. Outcomes are kept in FOLDER: an interrupted benchmark
goes on, and repetitions are added to those that are there.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any, Final

from benchmarks.tune.enumeration import TRUE_SEEDS, TrueBest, cost, enumerated, share_held
from benchmarks.tune.outcomes import Outcomes
from benchmarks.tune.peers import by_chance, by_tpe
from benchmarks.tune.spaces import SPACES, KnownSpace
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.slo import parse_objective, parse_slo
from simulator.lab.tune.tune import tune_with
from simulator.lab.workers.opening import worker_pool
from simulator.lab.workers.worker_pool import WorkerPool
from simulator.world.clock import wall_s

WITHIN: Final = 1.01
SHARE: Final = 0.9
DAYS_EACH: Final = 10  # on which an exhaustive search would play each setting, as the tuning does with the best
SEEDS_APART: Final = 1_000  # of the training days of two repetitions
METHODS: Final = ("tune", "TPE", "random")
_RUNS: Final = 100_000  # expected in all, for the choice of the backend


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--spaces", default=",".join(space.name for space in SPACES))
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    given.results.mkdir(parents=True, exist_ok=True)
    rows = []
    with worker_pool(given.workers) as pool:
        for space in SPACES:
            if space.name in given.spaces.split(","):
                rows += solved(space, given.repetitions, given.results, pool)
    tell(rows)


def solved(space: KnownSpace, repetitions: int, folder: Path, pool: WorkerPool) -> list[dict[str, Any]]:
    """Return a row for each repetition of a space. Those in its file are not repeated."""
    file = folder / f"{space.name}.repetitions.jsonl"
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    missing = range(len(rows), repetitions)
    if not missing:
        return rows[:repetitions]
    plan = plan_of(space, folder)
    with Outcomes(plan, pool, folder / f"{space.name}.days.jsonl", _RUNS) as outcomes:
        best = enumerated(outcomes)
        where = "nothing holds" if best.place is None else plan.space.text(plan.space.settings[best.place])
        print(
            f"{space.name}: {len(plan.space.settings)} settings, {best.runs} runs: {where}, {best.cost:.4g}", flush=True
        )
        for number in missing:
            row = repeated(plan, outcomes, best, number)
            rows.append({"space": space.name, "settings": len(plan.space.settings), **row})
            with file.open("a", encoding="utf-8") as written:
                written.write(json.dumps(rows[-1]) + "\n")
            print(f"  {number}: {row['runs']} runs, {row['seconds']:.0f} s, {describe(row)}", flush=True)
    return rows


def plan_of(space: KnownSpace, folder: Path) -> TunePlan:
    file = folder / f"{space.name}.yaml"
    file.write_text(space.text, encoding="utf-8")
    objective = parse_objective(space.minimise)
    return TunePlan([file], parse_slo(space.slo), vary=space.vary, objective=objective, explain=False)


def repeated(plan: TunePlan, outcomes: Outcomes, best: TrueBest, number: int) -> dict[str, Any]:
    """Choose by each method on days of this repetition, and compare with the true best."""
    first = 1 + SEEDS_APART * number
    scenario = plan.scenarios[0].with_seed(first)
    again = dataclasses.replace(plan)
    object.__setattr__(again, "scenarios", (scenario,))
    began_s = wall_s()
    result = tune_with(again, outcomes)
    seconds, runs = wall_s() - began_s, result.played.runs
    changes = None if result.choice is None else result.choice.changes
    places = [place for place, one in enumerate(map(plan.space.changes, plan.space.settings)) if one == changes]
    seeds = range(first, first + DAYS_EACH)
    choices = {
        "tune": places[0] if places else None,
        "TPE": by_tpe(outcomes, runs, seeds, number),
        "random": by_chance(outcomes, runs, seeds, number),
    }
    judged = {name: judge(outcomes, place, best) for name, place in choices.items()}
    return {"number": number, "runs": runs, "seconds": seconds, "best": best.cost, "methods": judged}


def judge(outcomes: Outcomes, place: int | None, best: TrueBest) -> dict[str, Any]:
    """Return what a choice costs and on which share of the true days it holds. No choice is right if nothing holds."""
    if place is None:
        return {"place": None, "is_right": best.place is None, "is_false": False, "ratio": None, "held": None}
    share = share_held(outcomes, place)
    (days,) = outcomes.of([place], TRUE_SEEDS)
    ratio = cost(days) / best.cost
    return {
        "place": place,
        "ratio": ratio,
        "held": share,
        "is_false": share < SHARE,
        "is_right": share >= SHARE and ratio <= WITHIN,
    }


def describe(row: dict[str, Any]) -> str:
    parts = []
    for name, found in row["methods"].items():
        ratio = "none" if found["ratio"] is None else f"{found['ratio']:.3f}"
        parts.append(f"{name} {ratio}{' FALSE' if found['is_false'] else '' if found['is_right'] else ' dearer'}")
    return ", ".join(parts)


def tell(rows: list[dict[str, Any]]) -> None:
    print(f"\n{len(rows)} repetitions on {len({row['space'] for row in rows})} spaces")
    for name in METHODS:
        found = [row["methods"][name] for row in rows]
        right, false = (sum(one[key] for one in found) for key in ("is_right", "is_false"))
        print(f"  {name}: right {right} of {len(found)}, false claims {false}")
    share = [row["runs"] / (DAYS_EACH * row["settings"]) for row in rows]
    seconds = [row["seconds"] for row in rows]
    mean = sum(share) / len(share)
    print(f"  runs: {max(share):.1%} at most of every setting on {DAYS_EACH} days, {mean:.1%} on average")
    print(f"  longest tuning: {max(seconds):.0f} s")
    print("targets: right in 95 of 100, at most 5 % of the runs, 120 s on two cores, at most 5 % false claims")


if __name__ == "__main__":
    main()
