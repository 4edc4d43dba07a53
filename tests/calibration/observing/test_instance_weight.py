"""Tests of the weight of observed instances, with plain files for those of the kernel."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from simulator.calibration.observing import instance_weight
from simulator.calibration.observing.instance_weight import WEIGHT, favour_instances
from simulator.fleet.process.confinement.cgroup import UNIFIED
from simulator.fleet.process.confinement.group_search import GroupHome
from simulator.fleet.process.confinement.sweep import owner_name
from simulator.model.instance import InstanceState
from simulator.model.times import RunTime
from simulator.records.events import InstanceMoved
from simulator.records.journal import Journal


def group_of(pid: int, folder: Path, file: str, default: int) -> Path:
    group = folder / f"{owner_name(pid)}-1-1"
    group.mkdir()
    (group / file).write_text(str(default))
    return group / file


@pytest.mark.parametrize(
    ("key", "file", "default"), [("cpu", "cpu.shares", 1024), (UNIFIED, "cpu.weight", 100)], ids=["v1", "v2"]
)
def test_the_groups_of_this_process_get_the_weight_and_no_others(
    tmp_path: Path, key: str, file: str, default: int
) -> None:
    own = group_of(os.getpid(), tmp_path, file, default)
    foreign = group_of(os.getppid(), tmp_path, file, default)
    favour_instances(GroupHome({key: tmp_path}))
    assert own.read_text() == str(WEIGHT * default)
    assert foreign.read_text() == str(default)


def test_a_group_that_has_ended_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / f"{owner_name(os.getpid())}-1-1").write_text("no directory")
    favour_instances(GroupHome({"cpu": tmp_path}))


def test_a_start_gets_the_weight_and_no_other_event(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(instance_weight, "favour_instances", lambda: calls.append(1))
    journal = Journal()
    instance_weight.favoured(journal)
    states = (InstanceState.PROVISIONING, InstanceState.STARTING, InstanceState.ACTIVE)
    for before, after in itertools.pairwise(states):
        journal.publish(InstanceMoved(RunTime(0.0), "shop", 1, before, after, ""))
    assert calls == [1]
