"""The search for groups, in both versions of control groups, on plain files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from simulator.fleet.process.confinement.cgroup import NoGroupsError
from simulator.fleet.process.confinement.group_search import find_home, group_of
from tests.fleet.process.confinement.control_group_machine import Machine, version_1, version_2


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_version_1_has_its_home_in_its_own_group_of_each_hierarchy(machine: Machine) -> None:
    version_1(machine)
    home = find_home(machine.proc)
    assert home.version == 1
    # Only a part of the freezer's tree is mounted: its own group is at the mount point.
    assert home.roots() == tuple(machine.groups / path for path in ("cpu,cpuacct", "memory/mine", "freezer"))
    group = home.group("apprunner-1")
    group.make()
    assert all(directory.is_dir() for directory in group.directories)
    assert group.directories == tuple(root / "apprunner-1" for root in home.roots())


def test_version_1_needs_all_of_its_controllers(machine: Machine) -> None:
    machine.mount("cgroup", "cpu", "rw,cpu")
    machine.belongs("self", "1:cpu:/")
    with pytest.raises(NoGroupsError, match="cpuacct, memory, freezer"):
        find_home(machine.proc)


def test_a_group_that_may_not_be_written_to_is_named(machine: Machine) -> None:
    version_1(machine)
    # Not by the mode, because root may write anywhere: the directory exists in /proc only.
    shutil.rmtree(machine.groups / "memory" / "mine")
    with pytest.raises(NoGroupsError, match="memory/mine is not writable"):
        find_home(machine.proc)


def test_version_2_has_its_home_in_the_closest_group_that_delegates(machine: Machine) -> None:
    version_2(machine, top="cpu memory pids", user="cpuset cpu io memory pids", app="memory pids")
    home = find_home(machine.proc)
    assert home.version == 2
    assert home.roots() == (machine.groups / "user",)


def test_version_2_without_such_a_group_gives_a_hint(machine: Machine) -> None:
    version_2(machine, top="memory")
    with pytest.raises(NoGroupsError, match=r"user/app/terminal nor a parent group.*Delegate=yes"):
        find_home(machine.proc)


def test_a_machine_without_control_groups_is_reported(machine: Machine) -> None:
    with pytest.raises(NoGroupsError, match="cannot be read"):
        find_home(machine.proc)
    (machine.proc / "self" / "mountinfo").write_text("22 1 8:1 / / rw - ext4 /dev/root rw\n")
    machine.belongs("self", "0::/")
    with pytest.raises(NoGroupsError, match=r"no control groups for cpu.* are accessible"):
        find_home(machine.proc)


def test_the_group_of_another_process_is_found_in_either_version(machine: Machine, tmp_path: Path) -> None:
    version_1(machine)
    lines = [f"{number}:{controller}:/docker/4711" for number, controller in enumerate(("cpu,cpuacct", "memory"), 1)]
    machine.belongs("815", *lines, "3:freezer:/jail/docker/4711")
    roots = [machine.groups / path for path in ("cpu,cpuacct", "memory", "freezer")]
    assert group_of(815, machine.proc).directories == tuple(root / "docker" / "4711" for root in roots)

    modern = Machine(tmp_path / "modern")
    modern.mount("cgroup2", "", "rw")
    modern.belongs("815", "0::/system.slice/docker-4711.scope")
    assert group_of(815, modern.proc).directories == (modern.groups / "system.slice" / "docker-4711.scope",)
    with pytest.raises(NoGroupsError, match="816"):
        group_of(816, modern.proc)
