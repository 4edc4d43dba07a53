"""Limits of an instance's resources: its size as kernel limits, and less CPU while it is idle.

With control groups, CPU and memory are limited for all processes of an instance together, like those of a container.
Without them (no permission to create groups, or none mounted) CPU is not limited, and each process has its own limit of
memory: RLIMIT_DATA, which counts private writable memory. Rejected: RLIMIT_AS, which counts address space that garbage
collectors reserve and do not use; RLIMIT_RSS, which Linux ignores. A process that exceeds RLIMIT_DATA gets no memory
but is not killed, so only the program itself can report "out of memory".
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from simulator.fleet.ports import ResourceUsage
from simulator.fleet.process.confinement.cgroup import PROCESSES, Group, NoGroupsError
from simulator.fleet.process.confinement.group_search import GroupHome, find_home
from simulator.fleet.process.throttling import CpuSwitch, Throttling
from simulator.model.sizes import InstanceSize

PROCESSES_MAX: Final = 1024

_BYTES_PER_MB: Final = 1024**2
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class Limits(Protocol):
    """The limits of one instance, with or without a control group."""

    @property
    def directories(self) -> tuple[str, ...]:
        """Directories of its control group, which are removed at the end."""

    def confine(self, pid: int) -> None:
        """Apply the limits to the process and to all its descendants, present and future.

        What they used before, in the few milliseconds since the start, is not counted.

        Raises:
            OSError: if the kernel rejects a limit.
        """

    def switch(self, throttling: Throttling, idle_vcpu: float) -> CpuSwitch: ...

    def used_s(self) -> float:
        """Return the CPU seconds used so far; the last known value if they cannot be read any more."""

    def usage(self) -> ResourceUsage | None:
        """Return the CPU time as `used_s` does, and the memory in use; None if the instance has ended."""

    def exceeded(self) -> str:
        """Return the limit for which the kernel killed the instance, as a clause; empty if it did not."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """How instances are limited on this machine: by control groups in `home`; if it is None, `why` says why not."""

    home: GroupHome | None
    why: str = ""
    processes: int = PROCESSES_MAX

    @classmethod
    def find(cls, processes: int, *, groups: bool) -> Confinement:
        """Determine which limits this machine permits. `processes`: maximum number of processes per instance."""
        if not groups:
            return cls(None, "they are switched off", processes)
        try:
            return cls(find_home(), processes=processes)
        except NoGroupsError as error:
            return cls(None, str(error), processes)

    def __str__(self) -> str:
        if self.home is not None:
            return f"CPU and memory limits: control groups v{self.home.version}{self._counted}"
        return (
            "CPU limit: none; memory limit: RLIMIT_DATA of each process; idle instances: stopped instead of given a "
            f"share of CPU (control groups cannot be used: {self.why})"
        )

    @property
    def _counted(self) -> str:
        """Return a note for users if processes are not counted: in version 1, that hierarchy may be missing."""
        assert self.home is not None
        counts = self.home.version != 1 or PROCESSES in self.home.directories
        return f"; at most {self.processes} processes" if counts else "; processes are not counted on this machine"

    @property
    def homes(self) -> tuple[str, ...]:
        return tuple(map(str, self.home.roots())) if self.home is not None else ()

    def make(self, name: str, size: InstanceSize) -> Limits:
        """Create the limits of one instance, with a control group called `name`.

        Raises:
            OSError: if the group cannot be created.
        """
        if self.home is None:
            return ProcessLimits(size)
        limits = GroupLimits(self.home.group(name), size, self.processes)
        limits.make()
        return limits


class GroupLimits:
    """Implements `Limits`: the instance is a control group."""

    def __init__(self, group: Group, size: InstanceSize, processes: int = PROCESSES_MAX) -> None:
        self._group = group
        self._size = size
        self._processes = processes
        self._used_s = 0.0

    def make(self) -> None:
        """Create the group.

        Raises:
            OSError: if the kernel rejects it; then nothing is left behind.
        """
        self._group.make()
        try:
            self._group.limit_cpu(self._size.vcpu)
            self._group.limit_memory(self._size.memory_mb * _BYTES_PER_MB)
            self._group.limit_processes(self._processes)
        except OSError:
            for directory in self._group.directories:
                directory.rmdir()
            raise

    @property
    def directories(self) -> tuple[str, ...]:
        return tuple(map(str, self._group.directories))

    def confine(self, pid: int) -> None:
        _with_descendants(pid, self._group.join)

    def switch(self, throttling: Throttling, idle_vcpu: float) -> CpuSwitch:
        if throttling is Throttling.SHARE:
            return _QuotaSwitch(self._group, self._size.vcpu, min(idle_vcpu, self._size.vcpu))
        if throttling is Throttling.FREEZE:
            return _FreezerSwitch(self._group)
        return NoSwitch()

    def used_s(self) -> float:
        with contextlib.suppress(OSError):  # the group no longer exists
            self._used_s = self._group.used_s()
        return self._used_s

    def usage(self) -> ResourceUsage | None:
        try:
            return ResourceUsage(self.used_s(), self._group.memory_bytes(), self._group.throttled_s())
        except OSError:
            return None

    def exceeded(self) -> str:
        with contextlib.suppress(OSError):
            if self._group.oom_kills() > 0:
                return f"out of memory: it has {self._size.memory_gb:g} GB"
        return ""


class ProcessUsage:
    """The usage of a process and its descendants, from /proc."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._used_s = 0.0

    def used_s(self) -> float:
        """Return the CPU seconds with a resolution of 10 ms, without processes that their parent has not waited for."""
        used_s = sum(_process_used_s(process) for process in (self._pid, *_descendants(self._pid)))
        self._used_s = max(self._used_s, used_s)
        return self._used_s

    def now(self) -> ResourceUsage | None:
        """Return the usage; None if the process has ended. A page that several of its processes share is counted for
        each.
        """
        pages = sum(map(_resident_pages, (self._pid, *_descendants(self._pid))))
        return ResourceUsage(self.used_s(), float(pages * _PAGE_BYTES)) if pages else None


class ProcessLimits:
    """Implements `Limits` without control groups."""

    def __init__(self, size: InstanceSize) -> None:
        self._limit_bytes = size.memory_mb * _BYTES_PER_MB
        self._pid = 0
        self._usage = ProcessUsage(0)

    @property
    def directories(self) -> tuple[str, ...]:
        return ()

    def confine(self, pid: int) -> None:
        self._pid = pid
        self._usage = ProcessUsage(pid)
        _with_descendants(pid, self._limit)

    def _limit(self, process: int) -> None:
        _, highest = resource.prlimit(process, resource.RLIMIT_DATA)
        if highest == resource.RLIM_INFINITY or highest > self._limit_bytes:  # a stricter limit is kept
            resource.prlimit(process, resource.RLIMIT_DATA, (self._limit_bytes, self._limit_bytes))

    def switch(self, throttling: Throttling, idle_vcpu: float) -> CpuSwitch:
        """Return a switch that takes the whole CPU: a small share is not possible, and no CPU is the closest to it."""
        del idle_vcpu
        return NoSwitch() if throttling is Throttling.NONE else _SignalSwitch(self._pid)

    def used_s(self) -> float:
        return self._usage.used_s()

    def usage(self) -> ResourceUsage | None:
        return self._usage.now()

    def exceeded(self) -> str:
        return ""


# --- taking and restoring the CPU ---


class NoSwitch:
    """Implements `CpuSwitch`: an idle instance keeps its CPU."""

    stops = False

    def take(self) -> None: ...
    def give(self) -> None: ...


class _QuotaSwitch:
    """Sets the CPU quota of the control group: full while the instance is active, a small share while it is idle."""

    stops = False

    def __init__(self, group: Group, full_vcpu: float, idle_vcpu: float) -> None:
        self._group = group
        self._full_vcpu = full_vcpu
        self._idle_vcpu = idle_vcpu

    def take(self) -> None:
        self._group.limit_cpu(self._idle_vcpu)

    def give(self) -> None:
        self._group.limit_cpu(self._full_vcpu)


class _FreezerSwitch:
    stops = True

    def __init__(self, group: Group) -> None:
        self._group = group

    def take(self) -> None:
        self._group.freeze()

    def give(self) -> None:
        self._group.thaw()


class _SignalSwitch:
    """Stops the process group with SIGSTOP, as job control does.

    A program may notice, and a process outside the group continues.
    """

    stops = True

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def take(self) -> None:
        os.killpg(self._pid, signal.SIGSTOP)

    def give(self) -> None:
        os.killpg(self._pid, signal.SIGCONT)


# --- /proc ---


def _with_descendants(pid: int, do: Callable[[int], None]) -> None:
    """Call `do` for the process and for all its descendants.

    Processes started during the call may be missed, so the search repeats until it finds no new one.

    Raises:
        ProcessLookupError: if the process itself has ended.
    """
    do(pid)
    done = {pid}
    while newcomers := [child for child in _descendants(pid) if child not in done]:
        for child in newcomers:
            done.add(child)
            with contextlib.suppress(ProcessLookupError):  # it has ended
                do(child)


def _descendants(pid: int) -> Iterator[int]:
    """Yield the descendants of a process: children, their children, and so on."""
    try:
        # Each thread has its own list of children.
        given = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it has ended
        return
    for child in map(int, " ".join(given).split()):
        yield child
        yield from _descendants(child)


def _process_used_s(pid: int) -> float:
    """Return the CPU seconds, user and system, of a process and of the children that it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS_PER_S


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
