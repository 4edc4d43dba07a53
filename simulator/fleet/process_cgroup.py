"""Control groups of Linux, versions 1 and 2: the kernel's limits for an instance and everything it starts.

`Group` is one group whatever its version: CPU quota, memory limit, freezer, CPU clock, out-of-memory count. `group_of`
finds the group that a process is in, so a driver can also turn the quota or the freezer of a group that somebody else
made, a container engine say. `find_home` finds where this process may make groups of its own.

All of it is a few small writes to files of the kernel, 10 to 50 us each: quick enough for the loop. Functions take
`proc` so that a tree of plain files can stand in for a machine of the other version.
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

# What a CPU quota is counted against; the kernel's default and what container engines use.
PERIOD_US: Final = 100_000
# The kernel's smallest quota: less than a hundredth of a vCPU cannot be had with this period.
QUOTA_US_MIN: Final = 1_000

V1_CONTROLLERS: Final = ("cpu", "cpuacct", "memory", "freezer")
V2_CONTROLLERS: Final = ("cpu", "memory")
# The number of processes: of use where it is there, and no reason to do without the others where it is not.
PROCESSES: Final = "pids"

_UNIFIED: Final = ""  # the hierarchy of version 2, which has no controllers in its name
_NS_PER_S: Final = 1e9
_US_PER_S: Final = 1e6


class NoGroupsError(Exception):
    """This process may not make control groups. The message says why."""


class Group(Protocol):
    """One control group. Every method may raise OSError, when the group is gone or the kernel rejects."""

    @property
    def directories(self) -> tuple[Path, ...]:
        """Where it is in the file system: one directory for each hierarchy that it is in."""

    def make(self) -> None:
        """Make its directories; it must not be there yet."""

    def join(self, pid: int) -> None:
        """Move the process into it. What the process starts from then on is born there."""

    def limit_cpu(self, vcpu: float) -> None:
        """At most so many CPU seconds a second, at least 0.01. A stricter limit further up stays in force."""

    def limit_memory(self, limit_bytes: int) -> None:
        """Memory and swap together. Who takes more is killed by the kernel."""

    def limit_processes(self, count: int) -> None:
        """At most so many processes and threads; where the kernel does not count them, there is no limit."""

    def rejected_processes(self) -> int:
        """How often somebody was rejected one for the limit."""

    def freeze(self) -> None:
        """Nothing in it runs any more. A frozen process of version 1 dies of SIGKILL only when it is thawed."""

    def thaw(self) -> None: ...

    def used_s(self) -> float:
        """CPU seconds used in it so far, by processes that have ended too."""

    def memory_bytes(self) -> int:
        """Memory in use, without files that the kernel may forget: what it cannot take away without killing."""

    def oom_kills(self) -> int:
        """Processes that the kernel has killed for the memory limit."""


class GroupV1:
    """`hierarchies`: directory of the group by controller; controllers that are mounted together share one."""

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
            if error.errno != errno.EINVAL:  # more than a group above has: that one's limit is ours
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
    """Where this process makes its groups: `directories` by controller, or one for the key "" in version 2."""

    directories: Mapping[str, Path]

    @property
    def version(self) -> int:
        return 2 if _UNIFIED in self.directories else 1

    def group(self, name: str) -> Group:
        """The group called `name` below it; to be made with `Group.make`."""
        return _group({controller: directory / name for controller, directory in self.directories.items()})

    def roots(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(self.directories.values()))


def find_home(proc: Path = PROC) -> GroupHome:
    """Where this process may make groups with CPU and memory limits.

    Version 1: below its own group of every hierarchy. Version 2: a group with processes cannot hand its controllers
    down, so it is the closest group upwards that does so already and may be written to; on a desktop that is the
    user's own part of the tree, which systemd delegates. On the root of a tree the handing down is switched on.

    Raises:
        NoGroupsError: when there is no such place.
    """
    own = _own_directories("self", proc)
    missing = [controller for controller in V1_CONTROLLERS if controller not in own]
    if not missing:
        closed = [directory for directory in dict.fromkeys(own[c] for c in V1_CONTROLLERS) if not _is_open(directory)]
        if closed:
            raise NoGroupsError(f"{closed[0]} may not be written to")
        counted = (PROCESSES,) if PROCESSES in own and _is_open(own[PROCESSES]) else ()
        return GroupHome({controller: own[controller] for controller in (*V1_CONTROLLERS, *counted)})
    if _UNIFIED not in own:
        raise NoGroupsError(f"no control groups for {', '.join(missing)} can be reached")
    return GroupHome({_UNIFIED: _home_v2(own[_UNIFIED], proc)})


def group_of(pid: int, proc: Path = PROC) -> Group:
    """The group that a process is in, to turn its quota and its freezer, and to read what it counts.

    Raises:
        NoGroupsError: when the process is gone, or its group cannot be reached from here.
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
    """A hierarchy: what of it is mounted (`root`), and where."""

    root: str
    point: Path


def _own_directories(process: str, proc: Path) -> dict[str, Path]:
    """The directory of the process's group in each hierarchy that can be reached."""
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
    """Lines such as `36 25 0:31 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory` (proc(5))."""
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
    """Its own group if it can be made to hand its controllers down, else the closest upwards that does."""
    if not _hands_down(own):
        with contextlib.suppress(OSError):  # it has processes and is not the root of the machine's tree
            _write(own / "cgroup.subtree_control", " ".join(f"+{controller}" for controller in V2_CONTROLLERS))
            _write(own / "cgroup.subtree_control", f"+{PROCESSES}")
    mounts = dict(_mounts((proc / "self" / "mountinfo").read_text()))
    for directory in (own, *own.parents):
        if _hands_down(directory) and _is_open(directory):
            return directory
        if directory == mounts[_UNIFIED].point:
            break
    raise NoGroupsError(
        f"neither {own} nor a group above it both hands down {' and '.join(V2_CONTROLLERS)} and may be written to; "
        "`systemd-run --user --scope -p Delegate=yes` gives a process such a place"
    )


def _hands_down(directory: Path) -> bool:
    try:
        handed = (directory / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
    return all(controller in handed for controller in V2_CONTROLLERS)


def _is_open(directory: Path) -> bool:
    """Groups may be made in it, and processes moved from it into them."""
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
    """Without creating it: a file that the kernel does not have is an error."""
    handle = os.open(file, os.O_WRONLY | os.O_TRUNC)
    try:
        os.write(handle, str(value).encode())
    finally:
        os.close(handle)


def _quota_us(vcpu: float) -> int:
    return max(QUOTA_US_MIN, round(vcpu * PERIOD_US))


def _count(file: Path, name: str) -> int:
    """The number behind `name` in a file of lines `name number`; 0 when the kernel does not tell it."""
    for line in file.read_text().splitlines():
        key, _, number = line.partition(" ")
        if key == name:
            return int(number)
    return 0


def _held(used: Path, stat: Path, forgettable: str) -> int:
    return max(0, int(used.read_text()) - _count(stat, forgettable))
