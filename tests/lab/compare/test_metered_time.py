"""The time that platforms bill by busy time, compared with the requests of the instances, added up directly."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest

from simulator.lab.compare.candidates import on_platform
from simulator.lab.compiled.compiled_backend import compiled_run
from simulator.model.instance import InstanceState
from simulator.records.events import InstanceMoved
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord
from simulator.rules.platforms.presets import PLATFORMS, platform_named
from simulator.scenario.scenario import ScenarioSpec, read_scenario

# Few enough requests that every instance becomes idle often, and long enough that idle ones expire; a burst in the
# middle.
TEXT: Final = """
name: activations
seed: 5
duration: 40 min
services:
  web:
    max_concurrency: 4
    min_size: 1
    max_size: 6
    application: {simulated: {start_up: 4s, io: {exponential: 100ms}}}
traffic:
  - {poisson: {rate: 3/s}, until: 5 min}
  - {poisson: {rate: 40/s}, from: 2 min, until: 3 min}
  - {poisson: {rate: 0.5/s}, from: 20 min}
"""


def _played(scenario: ScenarioSpec, *, fast: bool) -> tuple[RunRecord, list[dict[str, str]]]:
    rows = io.StringIO()
    record = play(compiled_run(scenario, csv=rows) if fast else Run(scenario, csv=rows), signals=False)
    return record, list(csv.DictReader(io.StringIO(rows.getvalue())))


def _busy_by_hand(record: RunRecord, rows: list[dict[str, str]], idle_after_s: float) -> dict[int, float]:
    """Return seconds by instance: its start and its requests. A pause shorter than `idle_after_s` is busy too."""
    stretches: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    launched: dict[int, float] = {}
    for event in record.events:
        if not isinstance(event, InstanceMoved):
            continue
        if event.after is InstanceState.STARTING:
            launched[event.instance] = event.at_s
        elif event.before is InstanceState.STARTING and event.at_s > 0:  # starts before the run are not billed
            stretches[event.instance].append((launched[event.instance], event.at_s))
    for row in rows:
        if int(row["instance"]):
            begun_s = float(row["intended_s"]) + float(row["queue_s"]) + float(row["cold_s"])
            stretches[int(row["instance"])].append((begun_s, float(row["intended_s"]) + float(row["latency_s"])))
    return {number: _joined_s(sorted(found), idle_after_s) for number, found in stretches.items()}


def _joined_s(stretches: list[tuple[float, float]], pause_s: float) -> float:
    total_s, (begin_s, end_s) = 0.0, stretches[0]
    for begins_s, ends_s in stretches[1:]:
        if begins_s - end_s >= pause_s:
            total_s, begin_s = total_s + end_s - begin_s, begins_s
        end_s = max(end_s, ends_s)
    return total_s + end_s - begin_s


@pytest.mark.case("L2")
@pytest.mark.parametrize("fast", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["event-loop", "compiled"])
@pytest.mark.parametrize("name", PLATFORMS)
def test_busy_time_is_what_the_requests_and_starts_add_up_to(name: str, fast: bool, tmp_path: Path) -> None:
    there = on_platform(read_scenario(TEXT, file="activations.yaml", folder=tmp_path), platform_named(name))
    record, rows = _played(there, fast=fast)
    (service,) = record.services
    if platform_named(name).idle_after_s is None:
        # This platform does not distinguish busy and idle: the whole time from start to end counts.
        assert all(len(usage.activations) == 1 for usage in service.usages)
        metered_s = math.fsum(end_s - begin_s for usage in service.usages for begin_s, end_s in usage.activations)
        assert metered_s == pytest.approx(math.fsum(usage.provisioned_s for usage in service.usages))
        return
    by_hand = _busy_by_hand(record, rows, there.services["web"].idle_after_s)
    metered_s = math.fsum(end_s - begin_s for usage in service.usages for begin_s, end_s in usage.activations)
    assert metered_s == pytest.approx(math.fsum(by_hand.values()), rel=1e-4)
    if name == "lambda":  # one request at a time, so requests do not overlap
        starts = _starting_s(record)
        served_s = math.fsum(float(row["service_s"]) for row in rows)
        assert metered_s == pytest.approx(served_s + starts, rel=1e-3)
        assert starts < served_s / 2, "a start that outweighs the requests would hide what idles"


def _starting_s(record: RunRecord) -> float:
    """Return the seconds in which instances were starting."""
    at_s = {
        (event.instance, event.after): event.at_s
        for event in record.events
        if isinstance(event, InstanceMoved)
        and event.after in {InstanceState.STARTING, InstanceState.ACTIVE}
        and event.before in {InstanceState.PROVISIONING, InstanceState.STARTING}
    }
    return math.fsum(
        ready_s - at_s[number, InstanceState.STARTING]
        for (number, state), ready_s in at_s.items()
        if state is InstanceState.ACTIVE
    )
