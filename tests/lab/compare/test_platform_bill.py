"""Each platform's bill, recomputed from request rows and the moves of instances, without code of `rules`.

The rates and the metering are written here a second time, from the price pages: the bill of a run, of a month in which
every minute is like the run, and the part of the month that is free.
"""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from simulator.lab.compare.candidates import candidates_of, on_platform
from simulator.lab.compare.compare import Plan, compare
from simulator.lab.compare.figures import measured
from simulator.lab.compare.tables import main_tables
from simulator.lab.compiled.compiled_backend import compiled_run, why_not
from simulator.model.instance import InstanceState
from simulator.records.events import InstanceMoved
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord
from simulator.rules.platforms.presets import PLATFORMS, platform_named
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.sdk.comparison import ComparisonResult

FOLDER: Final = Path(__file__).parents[3] / "scenarios"
NAMES: Final = ("flash-sale", "worldcup98-evening", "cpu-bound")
MONTH_S: Final = 730 * 3600.0


@dataclass
class Life:
    """An instance: the time in which it existed, and the periods in which it started or had a request."""

    launched_s: float = 0.0
    stopped_s: float = math.inf
    stretches: list[tuple[float, float]] = field(default_factory=list)

    def busy(self, pause_s: float) -> list[tuple[float, float]]:
        """Return the periods, joined where the pause between two is shorter than `pause_s`."""
        joined: list[tuple[float, float]] = []
        for begin_s, end_s in sorted(self.stretches):
            if joined and begin_s - joined[-1][1] < pause_s:
                joined[-1] = (joined[-1][0], max(joined[-1][1], end_s))
            else:
                joined.append((begin_s, end_s))
        return joined


@dataclass
class Used:
    """What a service used, computed directly. `reached`: the number of requests that reached an instance."""

    lifetimes: list[Life]
    offered: int
    reached: int
    run_s: float
    vcpu: float
    gb: float
    max_size: int


def used_by(record: RunRecord, rows: list[dict[str, str]], service: str) -> Used:
    lives: defaultdict[int, Life] = defaultdict(Life)
    for event in record.events:
        if not isinstance(event, InstanceMoved) or event.service != service:
            continue
        if event.before is InstanceState.PROVISIONING and event.after is InstanceState.STOPPED:
            continue  # never started
        life = lives[event.instance]
        if event.after is InstanceState.STARTING:
            life.launched_s = event.at_s
        if (
            event.before is InstanceState.STARTING and event.at_s > 0
        ):  # instances that are ready at the start are not billed for it
            life.stretches.append((life.launched_s, event.at_s))
        if event.after is InstanceState.STOPPED:
            life.stopped_s = event.at_s
    for row in rows:
        if int(row["instance"]):
            begin_s = float(row["intended_s"]) + float(row["queue_s"]) + float(row["cold_s"])
            end_s = float(row["intended_s"]) + float(row["latency_s"])
            lives[int(row["instance"])].stretches.append((begin_s, min(end_s, record.ended_s)))
    (run,) = [one for one in record.services if one.name == service]
    reached = sum(bool(int(row["instance"])) for row in rows)
    found = [life for life in lives.values() if life.launched_s <= record.ended_s]
    return Used(found, len(rows), reached, record.ended_s, run.size.vcpu, run.size.memory_gb, run.scaling.max_size)


def up(seconds: float, step_s: float = 1.0, least_s: float = 0.0) -> float:
    return max(least_s, math.ceil(seconds / step_s - 1e-6) * step_s)


def stretch_sum(used: Used, stretches: list[tuple[float, float]], step_s: float, least_s: float, *, cut: bool) -> float:
    """Sum the periods, each rounded up. `cut`: only the part before the end of the run."""
    return math.fsum(
        min(up(end_s - begin_s, step_s, least_s), used.run_s - begin_s if cut else math.inf)
        for begin_s, end_s in stretches
    )


def whole_lives(used: Used) -> list[tuple[float, float]]:
    return [(life.launched_s, min(life.stopped_s, used.run_s)) for life in used.lifetimes]


def busy_lives(used: Used, pause_s: float) -> list[tuple[float, float]]:
    return [stretch for life in used.lifetimes for stretch in life.busy(pause_s)]


def app_runner(used: Used, *, cut: bool) -> dict[str, float]:
    vcpu_s = active_s = held_s = 0.0
    for life in used.lifetimes:
        # A period that begins within the minute (or longer) that is already paid continues the previous one.
        paid: list[list[float]] = []
        for begin_s, end_s in life.busy(60.0):
            if paid and begin_s < paid[-1][0] + up(paid[-1][1] - paid[-1][0], 1.0, 60.0):
                paid[-1][1] = max(paid[-1][1], end_s)
            else:
                paid.append([begin_s, end_s])
        left = [used.run_s - begin_s if cut else math.inf for begin_s, _ in paid]
        vcpu_s += math.fsum(min(end, up(b - a, 1.0, 60.0)) for (a, b), end in zip(paid, left, strict=True))
        lived_s = min(life.stopped_s, used.run_s) - life.launched_s
        there_s = min(up(lived_s), used.run_s - life.launched_s) if cut else up(lived_s)
        mine_s = min(there_s, math.fsum(min(end, up(b - a)) for (a, b), end in zip(paid, left, strict=True)))
        active_s, held_s = active_s + mine_s, held_s + there_s - mine_s
    return {"usd": (vcpu_s * used.vcpu * 0.064 + (active_s + held_s) * used.gb * 0.007) / 3600}


def ecs_express(used: Used, *, cut: bool) -> dict[str, float]:
    task_s = stretch_sum(used, whole_lives(used), 1.0, 60.0, cut=cut)
    tasks = task_s * (used.vcpu * 0.04048 + used.gb * 0.004445 + 0.005)
    balancer = used.run_s * (0.0225 + 2 * 0.005)
    units = max(used.offered / 25, used.offered * 10_000 / 1e9 * 3600)
    return {"usd": (tasks + balancer + units * 0.008) / 3600}


def lambda_(used: Used, *, cut: bool) -> dict[str, float]:
    gb_s = stretch_sum(used, busy_lives(used, 0.001), 0.001, 0.0, cut=cut) * used.gb
    return {"gb": gb_s * 0.0000166667, "fee": used.reached * 0.20e-6}


def lambda_managed(used: Used, *, cut: bool) -> dict[str, float]:
    """EC2 and 15 %, with the rates that give c7g.large 0.0725 and m7g.large 0.0816."""
    gb = (0.0816 - 0.0725) / 4
    vcpu = 0.0725 / 2 - 2 * gb
    hours = stretch_sum(used, whole_lives(used), 1.0, 60.0, cut=cut) / 3600
    return {"usd": 1.15 * hours * (used.vcpu * vcpu + used.gb * gb), "fee": used.reached * 0.20e-6}


def cloud_run(used: Used, *, cut: bool) -> dict[str, float]:
    busy_s = stretch_sum(used, busy_lives(used, 0.1), 0.1, 0.0, cut=cut)
    return {"vcpu": busy_s * used.vcpu * 24e-6, "gb": busy_s * used.gb * 2.5e-6, "fee": used.reached * 0.40e-6}


def container_apps(used: Used, *, cut: bool) -> dict[str, float]:
    run_s = stretch_sum(used, whole_lives(used), 1.0, 0.0, cut=cut)
    return {"vcpu": run_s * used.vcpu * 24e-6, "gb": run_s * used.gb * 3e-6, "fee": used.reached * 0.40e-6}


def knative(used: Used, *, cut: bool) -> dict[str, float]:
    fitting = min(2 // used.vcpu, 8 // used.gb)
    return {"usd": math.ceil(used.max_size / fitting) * 0.0816 * used.run_s / 3600}


def fly(used: Used, *, cut: bool) -> dict[str, float]:
    """The page's prices of a month of 30 days: each shared CPU has a sixteenth of a vCPU; 6 USD for more GB."""
    run_s = stretch_sum(used, whole_lives(used), 1.0, 0.0, cut=cut)
    if used.vcpu < 1:
        cpus = round(used.vcpu * 16)
        month = {1: 2.19, 2: 4.39, 4: 8.78, 6: 13.16, 8: 17.55}[cpus] + (used.gb - cpus / 4) * 6.003
    else:
        month = 33.001 * used.vcpu + (used.gb - 2 * used.vcpu) * 6.003
    stopped_s = used.max_size * used.run_s - run_s
    return {"usd": (run_s * month + stopped_s * 0.15) / (30 * 86_400)}


def heroku(used: Used, *, cut: bool) -> dict[str, float]:
    run_s = stretch_sum(used, whole_lives(used), 1.0, 0.0, cut=cut)
    month = {(2.0, 2.5): 250, (4, 30): 500, (8, 14): 500, (8, 62): 750, (16, 126): 1500}[used.vcpu, used.gb]
    return {"usd": run_s * month / (730 * 3600)}


BILLS: Final = {
    "fly": fly,
    "heroku": heroku,
    "app-runner": app_runner,
    "ecs-express": ecs_express,
    "ecs-fargate": ecs_express,
    "lambda": lambda_,
    "lambda-managed": lambda_managed,
    "cloud-run": cloud_run,
    "container-apps": container_apps,
    "knative": knative,
}
# USD per month that are free for an account, by what they cover.
GRANTS: Final = {
    "lambda": {"gb": 400_000 * 0.0000166667, "fee": 0.20},
    "cloud-run": {"vcpu": 180_000 * 24e-6, "gb": 360_000 * 2.5e-6, "fee": 0.80},
    "container-apps": {"vcpu": 180_000 * 24e-6, "gb": 360_000 * 3e-6, "fee": 0.80},
}


def played(scenario: ScenarioSpec, *, fast: bool) -> tuple[RunRecord, list[dict[str, str]]]:
    """Play in the compiled backend if `fast` and it can play the scenario."""
    rows = io.StringIO()
    run = compiled_run(scenario, csv=rows) if fast and not why_not(scenario) else Run(scenario, csv=rows)
    record = play(run, signals=False)
    return record, list(csv.DictReader(io.StringIO(rows.getvalue())))


def check(name: str, scenario: ScenarioSpec, *, fast: bool) -> None:
    record, rows = played(on_platform(scenario, platform_named(name)), fast=fast)
    for service in record.services:
        sources = {source.name for source in record.sources if source.service == service.name}
        mine = [row for row in rows if row["source"] in sources]
        used = used_by(record, mine, service.name)
        assert used.offered > 100
        assert used.lifetimes
        values, _ = measured(record, service, None, None, 1e-4, platform_named(name).prices)
        run = BILLS[name](used, cut=False)
        month = {item: usd * MONTH_S / used.run_s for item, usd in BILLS[name](used, cut=True).items()}
        free = sum(min(usd, GRANTS.get(name, {}).get(item, 0.0)) for item, usd in month.items())
        # Rows have microseconds, so a period may be rounded up by one more step.
        assert values["run_usd"] == pytest.approx(sum(run.values()), rel=2e-3)
        assert values["month_usd"] == pytest.approx(sum(month.values()), rel=2e-3)
        assert values["month_free_usd"] == pytest.approx(free, rel=2e-3)
        assert values["month_net_usd"] == pytest.approx(sum(month.values()) - free, rel=2e-3, abs=1e-9)


def scenario_of(name: str, duration: str = "") -> ScenarioSpec:
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    if duration:
        before = next(line for line in text.splitlines() if line.startswith("duration:"))
        warm_up = next(line for line in text.splitlines() if line.startswith("warm_up:"))
        text = text.replace(before, f"duration: {duration}").replace(warm_up, "warm_up: 0s")
    return read_scenario(text, file=f"{name}.yaml", folder=FOLDER)


@pytest.mark.case("L31", "L32", "L33", "L34", "L35")
@pytest.mark.parametrize("fast", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["event-loop", "compiled"])
@pytest.mark.parametrize("name", PLATFORMS)
def test_every_platforms_bill_equals_one_recomputed_from_rows(name: str, fast: bool) -> None:
    check(name, scenario_of("cpu-bound", "90s"), fast=fast)


@pytest.mark.slow
@pytest.mark.case("L31", "L32", "L33", "L34", "L35")
@pytest.mark.parametrize("scenario", NAMES)
@pytest.mark.parametrize("name", PLATFORMS)
def test_every_platforms_bill_of_a_scenario_equals_one_recomputed_from_rows(name: str, scenario: str) -> None:
    check(name, scenario_of(scenario), fast=True)


@pytest.mark.case("L19", "L71")
def test_a_comparison_has_a_month_and_checks_of_it_use_the_platforms_prices(tmp_path: Path) -> None:
    text = """
name: tiny
duration: 40s
services: {web: {min_size: 1, max_size: 1, application: {simulated: {io: 100ms}}}}
traffic: [{poisson: {rate: 10/s}}]
checks: [usd_per_month < 60]
"""
    file = tmp_path / "tiny.yaml"
    file.write_text(text, encoding="utf-8")
    plan = Plan([file], candidates_of(["configured"], ["ecs-express"], {}), "configured", seeds=3, oracle=False)
    comparison = compare(plan)
    own, express = comparison.cases[0].rows
    # Active from the first request on: 0.078 USD per hour. ECS Express: a task (0.04937), three addresses and a load
    # balancer.
    assert own.estimates["month_usd"].mean == pytest.approx(730 * 0.078, rel=0.02)
    assert 730 * (0.04937 + 0.0375) < express.estimates["month_usd"].mean < 730 * (0.04937 + 0.0375 + 0.01)
    assert own.failing == []
    assert express.failing == ["usd_per_month < 60"]
    assert sum(item.usd for item in express.month) == pytest.approx(express.estimates["month_net_usd"].mean)
    (month,) = [table for table in main_tables(comparison.cases[0]) if "USD per month" in table.title]
    assert month.title.endswith("at the traffic of these 40 s")
    assert month.marks["ecs-express"][-1] == "fails"
    frame = ComparisonResult(comparison).frame()
    assert {"month_usd", "month_usd_low", "month_usd_high"} < set(frame.columns)
