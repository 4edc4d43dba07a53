"""The resources that an instance may use: the CPU, memory and storage of its size, and less while it is idle."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from simulator.fleet.ports import InstanceSpec
from simulator.fleet.process.confinement.cgroup import GroupV2
from simulator.fleet.process.confinement.group_search import GroupHome, group_of
from simulator.fleet.process.limits import Confinement, NoSwitch
from simulator.fleet.process.settings import ProcessSettings
from simulator.fleet.process.throttling import Throttling
from simulator.model.health import HealthCheck
from simulator.model.sizes import InstanceSize
from tests.live.process_bench import (
    LISTEN,
    SLEEP,
    assert_nothing_is_left,
    bench,
    has_groups,
    is_alive,
    outer_pid,
    until,
)
from tests.live.quarter import RACE, assert_a_quarter
from tests.loops import both_loops

SMALL = InstanceSpec("web", 1, InstanceSize(256, 512))
WITHOUT_GROUPS = ProcessSettings(control_groups=False)

needs_groups = pytest.mark.skipif(not has_groups(), reason="this process may not make control groups")
with_and_without_groups = pytest.mark.parametrize("groups", [True, False], ids=["groups", "no groups"])

# The mount point of version 2 if it is mounted beside version 1, or alone.
UNIFIED = Path("/sys/fs/cgroup/unified" if Path("/sys/fs/cgroup/unified").is_dir() else "/sys/fs/cgroup")

# Computes and allocates without end: a group counts from the time at which the process joined it, which may be late on
# a busy machine.
COMPUTE = """
import time
print("up", flush=True)
kept = []
while True:
    kept.append(bytearray(b"x" * 50_000))
    over_s = time.process_time() + 0.02
    while time.process_time() < over_s:
        pass
    time.sleep(0.02)
"""


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    assert_nothing_is_left(tmp_path)


def freezing(*, groups: bool) -> ProcessSettings:
    return ProcessSettings(Throttling.FREEZE, control_groups=groups)


# --- in force ---


@needs_groups
@both_loops
async def test_an_instance_is_a_control_group_with_the_limits_of_its_size(tmp_path: Path) -> None:
    async with bench(SLEEP, tmp_path) as b:
        backend = await b.up(spec=SMALL)
        assert b.driver.limits_in_force.startswith("CPU and memory limits: control groups v")
        told = {
            file.name: file.read_text()
            for d in group_of(backend.pid).directories
            for file in d.iterdir()
            if file.name in {"cpu.cfs_quota_us", "cpu.max", "memory.limit_in_bytes", "memory.max"}
        }
        cpu, memory = sorted(told)
        assert told[cpu].split()[0] == "25000"
        assert int(told[memory]) == 512 * 1024**2


@both_loops
async def test_without_groups_each_process_has_a_limit_of_its_data(tmp_path: Path) -> None:
    code = f"""
{SLEEP.partition(";")[0]}
try:
    while True:  # until the driver has set the limit
        bytearray(600 * 1024**2)
        time.sleep(0.01)
except MemoryError:
    print("rejected", flush=True)
"""
    async with bench(code, tmp_path, WITHOUT_GROUPS) as b:
        backend = await b.driver.launch(SMALL)
        assert "RLIMIT_DATA" in b.driver.limits_in_force
        assert resource.prlimit(backend.pid, resource.RLIMIT_DATA) == (512 * 1024**2, 512 * 1024**2)
        await b.log.until("rejected")


@both_loops
async def test_when_the_kernel_rejects_a_group_the_instance_runs_without_one_and_it_is_reported(tmp_path: Path) -> None:
    home = tmp_path / "no file of the kernel is here"
    home.mkdir()
    async with bench(SLEEP, tmp_path) as b:
        b.driver._confinement = Confinement(GroupHome({"": home}))
        before = b.driver.limits_in_force
        assert before.startswith("CPU and memory limits: control groups v2; at most 1024 processes")
        assert "cpu.max" not in before
        backend = await b.up(spec=SMALL)
        assert "cpu.max" in b.driver.limits_in_force
        assert resource.prlimit(backend.pid, resource.RLIMIT_DATA)[0] == 512 * 1024**2
        assert list(home.iterdir()) == []


@needs_groups
@both_loops
async def test_child_processes_started_at_once_are_in_the_control_group(tmp_path: Path) -> None:
    code = "import os, time; pid = os.fork(); print('up' if pid else os.getpid(), flush=True); time.sleep(60)"
    async with bench(code, tmp_path) as b:
        backend = await b.up()
        await until(lambda: len(b.words) == 2)
        (child,) = [int(word) for word in b.words if word != "up"]
        assert group_of(outer_pid(backend.pid, child)).directories == group_of(backend.pid).directories


@needs_groups
@both_loops
async def test_a_process_that_left_the_session_ends_with_its_instance(tmp_path: Path) -> None:
    code = f"""
import subprocess, sys
sleep = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"]
print(subprocess.Popen(sleep, start_new_session=True, env={{}}).pid, flush=True)
{SLEEP}
"""
    async with bench(code, tmp_path) as b:
        backend = await b.up()
        escaped = outer_pid(backend.pid, int(b.words[0]))
        assert is_alive(escaped)
        backend.kill()
        await backend.stop(0)
        assert not is_alive(escaped)


@with_and_without_groups
@both_loops
async def test_the_cpu_that_instances_used_is_counted_and_not_forgotten(tmp_path: Path, groups: bool) -> None:
    async with bench(COMPUTE, tmp_path, ProcessSettings(control_groups=groups)) as b:
        backend = await b.up()
        await until(lambda: b.driver.cpu_used_s() > 0.05)
        used_s = b.driver.cpu_used_s()
        whole = psutil.Process(backend.pid)
        own = [process.cpu_times() for process in (whole, *whole.children(recursive=True))]
        # A group counts from the time at which the process joined it; without a group, times are in hundredths of a
        # second.
        assert used_s <= sum(times.user + times.system for times in own) + 0.1
        usage = backend.usage()
        assert usage is not None
        assert usage.cpu_s >= used_s
        assert usage.memory_bytes < 512e6
        # A group does not count the memory that the process had before it joined.
        await until(lambda: (now := backend.usage()) is not None and now.memory_bytes > 1e5)
        await backend.stop(1)
        assert backend.usage() is None
        assert b.driver.cpu_used_s() >= used_s


@pytest.mark.alone
@pytest.mark.slow
@needs_groups
async def test_a_quarter_of_a_vcpu_does_a_quarter_of_the_work(tmp_path: Path) -> None:
    async def lines_of(size: InstanceSize) -> list[str]:
        async with bench(RACE, tmp_path) as b:
            await b.up(spec=InstanceSpec("web", 1, size))
            return b.words

    await assert_a_quarter(lines_of)


@pytest.mark.skipif(not os.access(UNIFIED / "cgroup.procs", os.W_OK), reason="no groups of version 2 may be made here")
async def test_version_2_freezes_and_counts(tmp_path: Path) -> None:
    """The part of version 2 that needs no controllers, on machines that mount it beside version 1 or alone."""
    group = GroupV2(UNIFIED / f"apprunner-test-{os.getpid()}")
    group.make()
    try:
        async with bench(COMPUTE, tmp_path, ProcessSettings(control_groups=False, namespaces=False)) as b:
            backend = await b.driver.launch(SMALL)
            group.join(backend.pid)
            await until(lambda: group.used_s() > 0.05)
            group.freeze()
            await until(lambda: "frozen 1" in (group.directories[0] / "cgroup.events").read_text())
            group.thaw()
            await until(lambda: "frozen 0" in (group.directories[0] / "cgroup.events").read_text())
            await backend.stop(1)
    finally:
        group.directories[0].rmdir()


# --- idle ---


def is_halted(pid: int) -> bool:
    """Return whether a process is stopped, as by job control, or frozen, which is shown as waiting for a disk."""
    return psutil.Process(pid).status() in {psutil.STATUS_STOPPED, psutil.STATUS_DISK_SLEEP}


@with_and_without_groups
@both_loops
async def test_freeze_stops_an_instance_and_wake_resumes_it(tmp_path: Path, groups: bool) -> None:
    async with bench(SLEEP, tmp_path, freezing(groups=groups)) as b:
        backend = await b.up()
        backend.throttle()
        await until(lambda: is_halted(backend.pid))
        assert backend.wake() == 0
        await until(lambda: not is_halted(backend.pid))


@both_loops
async def test_without_a_setting_throttling_does_nothing(tmp_path: Path) -> None:
    async with bench(SLEEP, tmp_path) as b:
        backend = await b.up()
        backend.throttle()
        assert isinstance(backend._cpu._switch, NoSwitch)


@pytest.mark.parametrize("throttling", [Throttling.FREEZE, Throttling.SHARE])
@with_and_without_groups
@both_loops
async def test_a_throttled_application_still_gets_its_sigterm(
    tmp_path: Path, throttling: Throttling, groups: bool
) -> None:
    async with bench(SLEEP, tmp_path, ProcessSettings(throttling, control_groups=groups)) as b:
        backend = await b.up()
        backend.throttle()
        await backend.stop(grace_s=5)
        assert (await backend.exited).code == 143


@with_and_without_groups
@both_loops
async def test_a_frozen_application_can_be_killed(tmp_path: Path, groups: bool) -> None:
    async with bench(SLEEP, tmp_path, freezing(groups=groups)) as b:
        backend = await b.up()
        backend.throttle()
        await until(lambda: is_halted(backend.pid))
        backend.kill()
        assert (await backend.exited).code == 137


@with_and_without_groups
@both_loops
async def test_a_frozen_application_answers_its_probe_and_is_frozen_again(tmp_path: Path, groups: bool) -> None:
    async with bench(LISTEN, tmp_path, freezing(groups=groups)) as b:
        backend = await b.up("listening")
        backend.throttle()
        assert await backend.probe(HealthCheck()) is None
        await until(lambda: is_halted(backend.pid))
