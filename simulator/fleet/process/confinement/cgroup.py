"""Control groups of Linux, versions 1 and 2: kernel limits for an instance and every process that it starts.

`Group` is one group of either version: CPU quota, memory limit, freezer, CPU clock, out-of-memory count. The module
group_search.py finds groups.

Each operation is a few small writes to kernel files, 10 to 50 us each, which is fast enough for the event loop.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

# Period of a CPU quota in microseconds: the kernel's default, which container engines use, too.
PERIOD_US: Final = 100_000
# The kernel's smallest quota in microseconds: with this period, 0.01 vCPU.
QUOTA_US_MIN: Final = 1_000

V1_CONTROLLERS: Final = ("cpu", "cpuacct", "memory", "freezer")
V2_CONTROLLERS: Final = ("cpu", "memory")
# The controller that counts processes. Optional: without it, the other limits still apply.
PROCESSES: Final = "pids"

UNIFIED: Final = ""  # key of the version 2 hierarchy, whose entry in /proc/PID/cgroup names no controllers
_NS_PER_S: Final = 1e9
_US_PER_S: Final = 1e6


class NoGroupsError(Exception):
    """This process cannot create control groups, or not access one; the message says why."""


class Group(Protocol):
    """One control group. Every method may raise OSError if the group is gone or the kernel rejects the change."""

    @property
    def directories(self) -> tuple[Path, ...]:
        """Its directories in the file system, one for each hierarchy."""

    def make(self) -> None:
        """Create its directories, which must not exist yet."""

    def join(self, pid: int) -> None:
        """Move the process into the group. Processes that it starts from then on belong to the group, too."""

    def limit_cpu(self, vcpu: float) -> None:
        """Limit CPU seconds per second to `vcpu`, at least 0.01. A parent group's stricter limit stays in force."""

    def limit_memory(self, limit_bytes: int) -> None:
        """Limit memory and swap together. The kernel kills processes if more is needed."""

    def limit_processes(self, count: int) -> None:
        """Limit the number of processes and threads; without effect if the kernel does not count them."""

    def rejected_processes(self) -> int:
        """Return how often the kernel rejected a new process because of that limit."""

    def freeze(self) -> None:
        """Stop every process in the group. In version 1, a frozen process ends after SIGKILL only when it is thawed."""

    def thaw(self) -> None: ...

    def used_s(self) -> float:
        """Return the CPU seconds that the group has used, including those of ended processes."""

    def throttled_s(self) -> float:
        """Return the seconds for which the CPU quota has stopped the group, added over the CPUs."""

    def memory_bytes(self) -> int:
        """Return the memory in use without reclaimable file cache, in bytes."""

    def oom_kills(self) -> int:
        """Return how many processes the kernel has killed because of the memory limit."""


class GroupV1:
    """A control group of version 1. `hierarchies`: directory by controller; controllers mounted together share one."""

    def __init__(self, hierarchies: Mapping[str, Path]) -> None:
        self._hierarchies = dict(hierarchies)
        self.directories = tuple(dict.fromkeys(self._hierarchies.values()))

    def make(self) -> None:
        _make(self.directories)

    def join(self, pid: int) -> None:
        for directory in self.directories:
            write_file(directory / "cgroup.procs", pid)

    def limit_cpu(self, vcpu: float) -> None:
        try:
            write_file(self._hierarchies["cpu"] / "cpu.cfs_quota_us", _quota_us(vcpu))
        except OSError as error:
            if error.errno != errno.EINVAL:  # exceeds the limit of a parent group, which applies anyway
                raise
            write_file(self._hierarchies["cpu"] / "cpu.cfs_quota_us", -1)

    def limit_memory(self, limit_bytes: int) -> None:
        directory = self._hierarchies["memory"]
        write_file(directory / "memory.limit_in_bytes", limit_bytes)
        with contextlib.suppress(FileNotFoundError):  # this kernel does not account for swap
            write_file(directory / "memory.memsw.limit_in_bytes", limit_bytes)

    def limit_processes(self, count: int) -> None:
        if PROCESSES in self._hierarchies:
            write_file(self._hierarchies[PROCESSES] / "pids.max", count)

    def rejected_processes(self) -> int:
        return _count(self._hierarchies[PROCESSES] / "pids.events", "max") if PROCESSES in self._hierarchies else 0

    def freeze(self) -> None:
        write_file(self._hierarchies["freezer"] / "freezer.state", "FROZEN")

    def thaw(self) -> None:
        write_file(self._hierarchies["freezer"] / "freezer.state", "THAWED")

    def used_s(self) -> float:
        return int((self._hierarchies["cpuacct"] / "cpuacct.usage").read_text()) / _NS_PER_S

    def throttled_s(self) -> float:
        return _count(self._hierarchies["cpu"] / "cpu.stat", "throttled_time") / _NS_PER_S

    def memory_bytes(self) -> int:
        directory = self._hierarchies["memory"]
        return _held(directory / "memory.usage_in_bytes", directory / "memory.stat", "total_inactive_file")

    def oom_kills(self) -> int:
        return _count(self._hierarchies["memory"] / "memory.oom_control", "oom_kill")


class GroupV2:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.directories = (directory,)

    def make(self) -> None:
        _make(self.directories)

    def join(self, pid: int) -> None:
        write_file(self._directory / "cgroup.procs", pid)

    def limit_cpu(self, vcpu: float) -> None:
        write_file(self._directory / "cpu.max", f"{_quota_us(vcpu)} {PERIOD_US}")

    def limit_memory(self, limit_bytes: int) -> None:
        write_file(self._directory / "memory.max", limit_bytes)
        with contextlib.suppress(FileNotFoundError):
            write_file(self._directory / "memory.swap.max", 0)

    def limit_processes(self, count: int) -> None:
        with contextlib.suppress(FileNotFoundError):
            write_file(self._directory / "pids.max", count)

    def rejected_processes(self) -> int:
        with contextlib.suppress(FileNotFoundError):
            return _count(self._directory / "pids.events", "max")
        return 0

    def freeze(self) -> None:
        write_file(self._directory / "cgroup.freeze", 1)

    def thaw(self) -> None:
        write_file(self._directory / "cgroup.freeze", 0)

    def used_s(self) -> float:
        return _count(self._directory / "cpu.stat", "usage_usec") / _US_PER_S

    def throttled_s(self) -> float:
        return _count(self._directory / "cpu.stat", "throttled_usec") / _US_PER_S

    def memory_bytes(self) -> int:
        return _held(self._directory / "memory.current", self._directory / "memory.stat", "inactive_file")

    def oom_kills(self) -> int:
        return _count(self._directory / "memory.events", "oom_kill")


def group_in(directories: Mapping[str, Path]) -> Group:
    """Return the group with these directories by controller; version 2 has one, with the key `UNIFIED`."""
    return GroupV2(directories[UNIFIED]) if UNIFIED in directories else GroupV1(directories)


def _make(directories: tuple[Path, ...]) -> None:
    made: list[Path] = []
    try:
        for directory in directories:
            directory.mkdir()
            made.append(directory)
    except OSError:
        for directory in made:
            directory.rmdir()
        raise


def write_file(file: Path, value: object) -> None:
    """Write to an existing file. Raises OSError if the kernel does not provide it."""
    handle = os.open(file, os.O_WRONLY | os.O_TRUNC)
    try:
        os.write(handle, str(value).encode())
    finally:
        os.close(handle)


def _quota_us(vcpu: float) -> int:
    return max(QUOTA_US_MIN, round(vcpu * PERIOD_US))


def _count(file: Path, name: str) -> int:
    """Return the number after `name` in a file of lines `name number`; 0 if the kernel does not report it."""
    for line in file.read_text().splitlines():
        key, _, number = line.partition(" ")
        if key == name:
            return int(number)
    return 0


def _held(used: Path, stat: Path, forgettable: str) -> int:
    return max(0, int(used.read_text()) - _count(stat, forgettable))
