"""What an instance may use of the machine: its size as limits of the kernel, and less while it is idle.

With control groups an instance has the CPU and the memory of its size, whatever processes it starts, like a container.
Without them (no right to make groups, none mounted) there is no limit of CPU, and each process on its own has one of
memory: RLIMIT_DATA, which counts private memory that may be written to. Rejected: RLIMIT_AS, which counts address space
that garbage collectors reserve and do not use; RLIMIT_RSS, which Linux ignores. Who exceeds it is rejected memory and
not killed, so nothing says "out of memory" but the program itself.
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

from simulator.fleet.driver import Usage
from simulator.fleet.process_backend import CpuSwitch, Throttling
from simulator.fleet.process_cgroup import PROCESSES, Group, GroupHome, NoGroupsError, find_home
from simulator.model.sizes import InstanceSize

PROCESSES_MAX: Final = 1024

_BYTES_PER_MB: Final = 1024**2
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class Limits(Protocol):
    """The limits of one instance. Implemented with a control group and without."""

    @property
    def directories(self) -> tuple[str, ...]:
        """Of its control group, for the sweep."""

    def confine(self, pid: int) -> None:
        """From now on, for the process and all that it starts or has started. What it has used before, the few
        milliseconds since its own start, is not counted. Raises OSError.
        """

    def switch(self, throttling: Throttling, idle_vcpu: float) -> CpuSwitch: ...

    def used_s(self) -> float:
        """CPU seconds used so far; what can no longer be read does not shrink it."""

    def usage(self) -> Usage | None:
        """CPU as `used_s`, and the memory held; None when the instance is gone."""

    def exceeded(self) -> str:
        """What to say of an instance that the kernel has killed; nothing when it was for no limit."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """How instances are limited on this machine: in groups below `home`, or, without one, for the reason `why`."""

    home: GroupHome | None
    why: str = ""
    processes: int = PROCESSES_MAX

    @classmethod
    def find(cls, processes: int, *, groups: bool) -> Confinement:
        """`processes`: at most so many an instance."""
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
        """Version 1 has a hierarchy of its own for it, which a machine may lack."""
        assert self.home is not None
        counts = self.home.version != 1 or PROCESSES in self.home.directories
        return f"; at most {self.processes} processes" if counts else "; processes are not counted on this machine"

    @property
    def homes(self) -> tuple[str, ...]:
        return tuple(map(str, self.home.roots())) if self.home is not None else ()

    def make(self, name: str, size: InstanceSize) -> Limits:
        """The limits of one instance; its group is called `name`.

        Raises:
            OSError: when the group cannot be made.
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
        """Raises OSError, and leaves nothing behind then."""
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
        _with_all_it_starts(pid, self._group.join)

    def switch(self, throttling: Throttling, idle_vcpu: float) -> CpuSwitch:
        if throttling is Throttling.SHARE:
            return _QuotaSwitch(self._group, self._size.vcpu, min(idle_vcpu, self._size.vcpu))
        if throttling is Throttling.FREEZE:
            return _FreezerSwitch(self._group)
        return NoSwitch()

    def used_s(self) -> float:
        with contextlib.suppress(OSError):  # the group is gone
            self._used_s = self._group.used_s()
        return self._used_s

    def usage(self) -> Usage | None:
        try:
            return Usage(self.used_s(), self._group.memory_bytes())
        except OSError:
            return None

    def exceeded(self) -> str:
        with contextlib.suppress(OSError):
            if self._group.oom_kills() > 0:
                return f"out of memory: it has {self._size.memory_gb:g} GB"
        return ""


class ProcessLimits:
    """Implements `Limits` without control groups."""

    def __init__(self, size: InstanceSize) -> None:
        self._limit_bytes = size.memory_mb * _BYTES_PER_MB
        self._pid = 0
        self._used_s = 0.0

    @property
    def directories(self) -> tuple[str, ...]:
        return ()

    def confine(self, pid: int) -> None:
        self._pid = pid
        _with_all_it_starts(pid, self._limit)

    def _limit(self, process: int) -> None:
        _, highest = resource.prlimit(process, resource.RLIMIT_DATA)
        if highest == resource.RLIM_INFINITY or highest > self._limit_bytes:  # a stricter one stays
            resource.prlimit(process, resource.RLIMIT_DATA, (self._limit_bytes, self._limit_bytes))

    def switch(self, throttling: Throttling, idle_vcpu: float) -> CpuSwitch:
        """A share cannot be had; no CPU at all is nearer to it than all CPU."""
        del idle_vcpu
        return NoSwitch() if throttling is Throttling.NONE else _SignalSwitch(self._pid)

    def used_s(self) -> float:
        """To 10 ms, and without processes whose parent has not waited for them."""
        used_s = sum(_process_used_s(process) for process in (self._pid, *_descendants(self._pid)))
        self._used_s = max(self._used_s, used_s)
        return self._used_s

    def usage(self) -> Usage | None:
        """Pages that its processes share count for each of them."""
        pages = sum(map(_resident_pages, (self._pid, *_descendants(self._pid))))
        return Usage(self.used_s(), float(pages * _PAGE_BYTES)) if pages else None

    def exceeded(self) -> str:
        return ""


# --- taking the CPU and giving it back ---


class NoSwitch:
    """Implements `CpuSwitch`: an idle instance keeps its CPU."""

    stops = False

    def take(self) -> None: ...
    def give(self) -> None: ...


class _QuotaSwitch:
    """The quota of the group: full while it works, a small share while it is idle."""

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
    """Job control for the process group. A program may notice, and one that left the group runs on."""

    stops = True

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def take(self) -> None:
        os.killpg(self._pid, signal.SIGSTOP)

    def give(self) -> None:
        os.killpg(self._pid, signal.SIGCONT)


# --- /proc ---


def _with_all_it_starts(pid: int, do: Callable[[int], None]) -> None:
    """For the process and what it has started since its own start, a moment ago. What those start meanwhile may be born
    without it, too, so look until there is nobody new. Raises ProcessLookupError when the process itself is gone.
    """
    do(pid)
    done = {pid}
    while newcomers := [child for child in _descendants(pid) if child not in done]:
        for child in newcomers:
            done.add(child)
            with contextlib.suppress(ProcessLookupError):  # gone again
                do(child)


def _descendants(pid: int) -> Iterator[int]:
    """Children, their children, and so on, as far as they are there."""
    try:
        # Each thread has its own children.
        told = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it is gone
        return
    for child in map(int, " ".join(told).split()):
        yield child
        yield from _descendants(child)


def _process_used_s(pid: int) -> float:
    """User and system time of a process and of the children that it has waited for."""
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
