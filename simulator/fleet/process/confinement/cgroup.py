"""Control groups of Linux, versions 1 and 2: the kernel's limits for an instance and every process it starts.

`Group` is one group of either version: CPU quota, memory limit, freezer, CPU clock, out-of-memory count. `group_of`
finds the group of a process, so a driver can also change the quota or the freezer of a group that another program
created, such as a container engine. `find_home` finds where this process may create groups of its own.

Each operation is a few small writes to kernel files, 10 to 50 us each, which is fast enough for the event loop.
Functions take `proc` so that tests can use a tree of plain files in place of a machine of the other version.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

PROC: Final = Path("/proc")

# The period of a CPU quota; the kernel's default, which container engines use, too.
PERIOD_US: Final = 100_000
# The kernel's smallest quota: with this period, less than a hundredth of a vCPU is not possible.
QUOTA_US_MIN: Final = 1_000

V1_CONTROLLERS: Final = ("cpu", "cpuacct", "memory", "freezer")
V2_CONTROLLERS: Final = ("cpu", "memory")
# The number of processes: used where it exists, and no reason to do without the others where it does not.
PROCESSES: Final = "pids"

_UNIFIED: Final = ""  # the hierarchy of version 2, which has no controllers in its name
_NS_PER_S: Final = 1e9
_US_PER_S: Final = 1e6


class NoGroupsError(Exception):
    """This process may not create control groups. The message says why."""


class Group(Protocol):
    """One control group. Every method may raise OSError if the group is gone or the kernel rejects the change."""

    @property
    def directories(self) -> tuple[Path, ...]:
        """Its directories in the file system, one for each hierarchy that it is in."""

    def make(self) -> None:
        """Create its directories, which must not exist yet."""

    def join(self, pid: int) -> None:
        """Move the process into the group. Processes that it starts from then on belong to the group, too."""

    def limit_cpu(self, vcpu: float) -> None:
        """Limit CPU seconds per second to `vcpu`, at least 0.01. A parent group's stricter limit stays in force."""

    def limit_memory(self, limit_bytes: int) -> None:
        """Limit memory and swap together. The kernel kills processes if more is needed."""

    def limit_processes(self, count: int) -> None:
        """Limit the number of processes and threads; no limit if the kernel does not count them."""

    def rejected_processes(self) -> int:
        """Return how often the kernel rejected a new process because of the limit."""

    def freeze(self) -> None:
        """Stop every process in it. In version 1, a frozen process ends after SIGKILL only when it is thawed."""

    def thaw(self) -> None: ...

    def used_s(self) -> float:
        """Return the CPU seconds used in it so far, including those of ended processes."""

    def memory_bytes(self) -> int:
        """Return the memory in use without reclaimable file cache: what the kernel can take back only by killing."""

    def oom_kills(self) -> int:
        """Return how many processes the kernel has killed because of the memory limit."""


class GroupV1:
    """A control group (v1). `hierarchies`: its directory by controller; controllers mounted together share one."""

    def __init__(self, hierarchies: Mapping[str, Path]) -> None:
        self._hierarchies = dict(hierarchies)
        self.directories = tuple(dict.fromkeys(self._hierarchies.values()))

    def make(self) -> None:
        _make(self.directories)

    def join(self, pid: int) -> None:
        for directory in self.directories:
            _write(directory / "cgroup.procs", pid)

    def limit_cpu(self, vcpu: float) -> None:
        try:
            _write(self._hierarchies["cpu"] / "cpu.cfs_quota_us", _quota_us(vcpu))
        except OSError as error:
            if error.errno != errno.EINVAL:  # more than a parent group has: the parent's limit applies
                raise
            _write(self._hierarchies["cpu"] / "cpu.cfs_quota_us", -1)

    def limit_memory(self, limit_bytes: int) -> None:
        directory = self._hierarchies["memory"]
        _write(directory / "memory.limit_in_bytes", limit_bytes)
        with contextlib.suppress(FileNotFoundError):  # a kernel that does not account for swap
            _write(directory / "memory.memsw.limit_in_bytes", limit_bytes)

    def limit_processes(self, count: int) -> None:
        if PROCESSES in self._hierarchies:
            _write(self._hierarchies[PROCESSES] / "pids.max", count)

    def rejected_processes(self) -> int:
        return _count(self._hierarchies[PROCESSES] / "pids.events", "max") if PROCESSES in self._hierarchies else 0

    def freeze(self) -> None:
        _write(self._hierarchies["freezer"] / "freezer.state", "FROZEN")

    def thaw(self) -> None:
        _write(self._hierarchies["freezer"] / "freezer.state", "THAWED")

    def used_s(self) -> float:
        return int((self._hierarchies["cpuacct"] / "cpuacct.usage").read_text()) / _NS_PER_S

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
        _write(self._directory / "cgroup.procs", pid)

    def limit_cpu(self, vcpu: float) -> None:
        _write(self._directory / "cpu.max", f"{_quota_us(vcpu)} {PERIOD_US}")

    def limit_memory(self, limit_bytes: int) -> None:
        _write(self._directory / "memory.max", limit_bytes)
        with contextlib.suppress(FileNotFoundError):
            _write(self._directory / "memory.swap.max", 0)

    def limit_processes(self, count: int) -> None:
        with contextlib.suppress(FileNotFoundError):
            _write(self._directory / "pids.max", count)

    def rejected_processes(self) -> int:
        with contextlib.suppress(FileNotFoundError):
            return _count(self._directory / "pids.events", "max")
        return 0

    def freeze(self) -> None:
        _write(self._directory / "cgroup.freeze", 1)

    def thaw(self) -> None:
        _write(self._directory / "cgroup.freeze", 0)

    def used_s(self) -> float:
        return _count(self._directory / "cpu.stat", "usage_usec") / _US_PER_S

    def memory_bytes(self) -> int:
        return _held(self._directory / "memory.current", self._directory / "memory.stat", "inactive_file")

    def oom_kills(self) -> int:
        return _count(self._directory / "memory.events", "oom_kill")


@dataclass(frozen=True, slots=True)
class GroupHome:
    """Where this process creates its groups: `directories` by controller, or one under the key "" in version 2."""

    directories: Mapping[str, Path]

    @property
    def version(self) -> int:
        return 2 if _UNIFIED in self.directories else 1

    def group(self, name: str) -> Group:
        """Return the group `name` below it; create it with `Group.make`."""
        return _group({controller: directory / name for controller, directory in self.directories.items()})

    def roots(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(self.directories.values()))


def find_home(proc: Path = PROC) -> GroupHome:
    """Find where this process may create groups with CPU and memory limits.

    Version 1: below its own group of every hierarchy. Version 2: a group that contains processes cannot delegate its
    controllers to child groups, so the place is the closest parent group that does and is writable; on a desktop that
    is the user's own part of the tree, which systemd delegates. On the root of a tree the delegation is switched on
    here.

    Raises:
        NoGroupsError: if there is no such place.
    """
    own = _own_directories("self", proc)
    missing = [controller for controller in V1_CONTROLLERS if controller not in own]
    if not missing:
        closed = [directory for directory in dict.fromkeys(own[c] for c in V1_CONTROLLERS) if not _is_open(directory)]
        if closed:
            raise NoGroupsError(f"{closed[0]} is not writable")
        counted = (PROCESSES,) if PROCESSES in own and _is_open(own[PROCESSES]) else ()
        return GroupHome({controller: own[controller] for controller in (*V1_CONTROLLERS, *counted)})
    if _UNIFIED not in own:
        raise NoGroupsError(f"no control groups for {', '.join(missing)} are accessible")
    return GroupHome({_UNIFIED: _home_v2(own[_UNIFIED], proc)})


def group_of(pid: int, proc: Path = PROC) -> Group:
    """Return the group of a process, to change its quota and its freezer and to read its counters.

    Raises:
        NoGroupsError: if the process has ended, or its group is not accessible from here.
    """
    own = _own_directories(str(pid), proc)
    if all(controller in own for controller in V1_CONTROLLERS):
        counted = (PROCESSES,) if PROCESSES in own else ()
        return _group({controller: own[controller] for controller in (*V1_CONTROLLERS, *counted)})
    if _UNIFIED in own:
        return _group({_UNIFIED: own[_UNIFIED]})
    raise NoGroupsError(f"process {pid} is in no control group with {', '.join(V1_CONTROLLERS)}")


# --- finding ---


@dataclass(frozen=True, slots=True)
class _Mount:
    """A mounted hierarchy: the part of it that is mounted (`root`), and where (`point`)."""

    root: str
    point: Path


def _own_directories(process: str, proc: Path) -> dict[str, Path]:
    """Return the directory of the process's group in each accessible hierarchy."""
    try:
        mounts = dict(_mounts((proc / "self" / "mountinfo").read_text()))
        lines = (proc / process / "cgroup").read_text().splitlines()
    except OSError as error:
        raise NoGroupsError(f"{proc / process} cannot be read: {error}") from error
    found = {}
    for line in lines:  # "4:memory:/path", version 2 "0::/path"
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            mount = mounts.get(controller)
            if mount is not None and (path + "/").startswith(mount.root.rstrip("/") + "/"):
                found[controller] = mount.point / path[len(mount.root.rstrip("/")) :].lstrip("/")
    return found


def _mounts(mountinfo: str) -> Iterator[tuple[str, _Mount]]:
    """Parse lines such as `36 25 0:31 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory` (proc(5))."""
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        root, point = left.split(" ")[3:5]
        mount = _Mount(root, Path(point.replace("\\040", " ")))
        if kind == "cgroup2":
            yield _UNIFIED, mount
        elif kind == "cgroup":
            yield from ((option, mount) for option in options.split(","))


def _home_v2(own: Path, proc: Path) -> Path:
    """Return the process's own group if it can delegate its controllers, else the closest parent that does."""
    if not _hands_down(own):
        with contextlib.suppress(OSError):  # it contains processes and is not the root of the machine's tree
            _write(own / "cgroup.subtree_control", " ".join(f"+{controller}" for controller in V2_CONTROLLERS))
            _write(own / "cgroup.subtree_control", f"+{PROCESSES}")
    mounts = dict(_mounts((proc / "self" / "mountinfo").read_text()))
    for directory in (own, *own.parents):
        if _hands_down(directory) and _is_open(directory):
            return directory
        if directory == mounts[_UNIFIED].point:
            break
    raise NoGroupsError(
        f"neither {own} nor a parent group both delegates {' and '.join(V2_CONTROLLERS)} and is writable; "
        "`systemd-run --user --scope -p Delegate=yes` starts a process in such a group"
    )


def _hands_down(directory: Path) -> bool:
    try:
        handed = (directory / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
    return all(controller in handed for controller in V2_CONTROLLERS)


def _is_open(directory: Path) -> bool:
    """Return True if groups can be created in the directory and processes be moved from it into them."""
    return os.access(directory, os.W_OK) and os.access(directory / "cgroup.procs", os.W_OK)


# --- files of the kernel ---


def _group(directories: Mapping[str, Path]) -> Group:
    return GroupV2(directories[_UNIFIED]) if _UNIFIED in directories else GroupV1(directories)


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


def _write(file: Path, value: object) -> None:
    """Write to an existing file; a file that the kernel does not provide is an error."""
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
