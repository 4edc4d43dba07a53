"""Both versions of control groups on plain files; the kernel's own are in tests/live/test_process_limits.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.fleet.process.confinement.cgroup import GroupV1, GroupV2
from simulator.fleet.process.confinement.group_search import find_home
from tests.fleet.process.confinement.control_group_machine import V1, Machine, version_1


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_group_that_cannot_be_made_in_full_is_not_made_at_all(machine: Machine) -> None:
    version_1(machine)
    home = find_home(machine.proc)
    (machine.groups / "freezer" / "apprunner-1").mkdir()
    with pytest.raises(FileExistsError):
        home.group("apprunner-1").make()
    assert [root for root in home.roots() if (root / "apprunner-1").exists()] == [machine.groups / "freezer"]


def test_version_1_writes_what_the_kernel_reads(machine: Machine) -> None:
    directory = machine.group(
        "one",
        cpu__cfs_quota_us="-1",
        cpuacct__usage="1500000000\n",
        cpu__stat="nr_periods 40\nnr_throttled 7\nthrottled_time 250000000\n",
        memory__limit_in_bytes="",
        memory__memsw__limit_in_bytes="",
        memory__usage_in_bytes="5000",
        memory__stat="inactive_file 7\ntotal_inactive_file 1000\n",
        memory__oom_control="oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
        freezer__state="THAWED",
    )
    group = GroupV1(dict.fromkeys(V1, directory))
    group.join(42)
    group.limit_cpu(0.25)
    group.limit_memory(512)
    group.freeze()
    told = {file.name: file.read_text() for file in directory.iterdir()}
    assert told["cgroup.procs"] == "42"
    assert told["cpu.cfs_quota_us"] == "25000"
    assert told["memory.limit_in_bytes"] == told["memory.memsw.limit_in_bytes"] == "512"
    assert told["freezer.state"] == "FROZEN"
    group.thaw()
    assert (directory / "freezer.state").read_text() == "THAWED"
    assert (group.used_s(), group.memory_bytes(), group.oom_kills()) == (1.5, 4000, 2)
    assert group.throttled_s() == 0.25


def test_version_2_writes_what_the_kernel_reads(machine: Machine) -> None:
    directory = machine.group(
        "one",
        cpu__max="max 100000",
        cpu__stat="usage_usec 1500000\nuser_usec 1000000\nnr_throttled 7\nthrottled_usec 250000\n",
        memory__max="max",
        memory__swap__max="max",
        memory__current="5000",
        memory__stat="anon 300\ninactive_file 1000\n",
        memory__events="low 0\nhigh 0\nmax 7\noom 1\noom_kill 1\n",
        cgroup__freeze="0",
    )
    group = GroupV2(directory)
    group.join(42)
    group.limit_cpu(4)
    group.limit_memory(512)
    group.freeze()
    told = {file.name: file.read_text() for file in directory.iterdir()}
    assert told["cgroup.procs"] == "42"
    assert told["cpu.max"] == "400000 100000"
    assert (told["memory.max"], told["memory.swap.max"]) == ("512", "0")
    assert told["cgroup.freeze"] == "1"
    group.thaw()
    assert (directory / "cgroup.freeze").read_text() == "0"
    assert (group.used_s(), group.memory_bytes(), group.oom_kills()) == (1.5, 4000, 1)
    assert group.throttled_s() == 0.25


def test_a_kernel_that_does_not_account_for_swap_limits_memory_alone(machine: Machine) -> None:
    directory = machine.group("one", memory__limit_in_bytes="", memory__max="")
    GroupV1(dict.fromkeys(V1, directory)).limit_memory(512)
    GroupV2(directory).limit_memory(512)
    assert (directory / "memory.limit_in_bytes").read_text() == (directory / "memory.max").read_text() == "512"


def test_a_missing_kernel_file_is_an_error_and_is_not_created(machine: Machine) -> None:
    directory = machine.group("one")
    with pytest.raises(FileNotFoundError):
        GroupV2(directory).limit_cpu(1)
    assert [file.name for file in directory.iterdir()] == ["cgroup.procs"]


def test_no_quota_is_below_the_smallest_that_the_kernel_accepts(machine: Machine) -> None:
    directory = machine.group("one", cpu__max="")
    GroupV2(directory).limit_cpu(0.001)
    assert (directory / "cpu.max").read_text() == "1000 100000"
