"""The search for control groups: where this process may create groups, and the group of another process.

`find_home` finds a place in which this process may create groups. `group_of` finds the group of a process, so that a
driver can also change the quota or the freezer of a group that another program created, such as a container engine. The
functions have a parameter `proc`, the path of the proc file system, so that tests can use plain files.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulator.fleet.process.confinement.cgroup import (
    PROCESSES,
    UNIFIED,
    V1_CONTROLLERS,
    V2_CONTROLLERS,
    Group,
    NoGroupsError,
    group_in,
    write_file,
)

PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class GroupHome:
    """The groups in which this process creates its own, by controller; version 2 has a single one, with the key ""."""

    directories: Mapping[str, Path]

    @property
    def version(self) -> int:
        return 2 if UNIFIED in self.directories else 1

    def group(self, name: str) -> Group:
        """Return the group `name` in this place; create it with `Group.make`."""
        return group_in({controller: directory / name for controller, directory in self.directories.items()})

    def roots(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(self.directories.values()))


def find_home(proc: Path = PROC) -> GroupHome:
    """Find where this process may create groups with CPU and memory limits.

    Version 1: in its own group of every hierarchy. Version 2: a group that contains processes cannot delegate its
    controllers to child groups, so the place is the closest writable parent group that delegates them; on a desktop
    that is the user's part of the tree, which systemd delegates. If it is the root of the tree, this function enables
    the delegation.

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
    if UNIFIED not in own:
        raise NoGroupsError(f"no control groups for {', '.join(missing)} are accessible")
    return GroupHome({UNIFIED: _home_v2(own[UNIFIED], proc)})


def group_of(pid: int, proc: Path = PROC) -> Group:
    """Return the group of a process, in order to change its quota and freezer and to read its counters.

    Raises:
        NoGroupsError: if the process has ended, or its group is not accessible from here.
    """
    own = _own_directories(str(pid), proc)
    if all(controller in own for controller in V1_CONTROLLERS):
        counted = (PROCESSES,) if PROCESSES in own else ()
        return group_in({controller: own[controller] for controller in (*V1_CONTROLLERS, *counted)})
    if UNIFIED in own:
        return group_in({UNIFIED: own[UNIFIED]})
    raise NoGroupsError(f"process {pid} is in no control group with {', '.join(V1_CONTROLLERS)}")


@dataclass(frozen=True, slots=True)
class _Mount:
    """A mounted hierarchy. `root`: the part of it that is mounted; `point`: the path where it is mounted."""

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
            yield UNIFIED, mount
        elif kind == "cgroup":
            yield from ((option, mount) for option in options.split(","))


def _home_v2(own: Path, proc: Path) -> Path:
    """Return the process's own group if it can delegate its controllers, else the closest parent that does."""
    if not _hands_down(own):
        with contextlib.suppress(OSError):  # fails if it contains processes and is not the root of the tree
            write_file(own / "cgroup.subtree_control", " ".join(f"+{controller}" for controller in V2_CONTROLLERS))
            write_file(own / "cgroup.subtree_control", f"+{PROCESSES}")
    mounts = dict(_mounts((proc / "self" / "mountinfo").read_text()))
    for directory in (own, *own.parents):
        if _hands_down(directory) and _is_open(directory):
            return directory
        if directory == mounts[UNIFIED].point:
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
    """Return True if this process may create groups in the directory and move its processes into them."""
    return os.access(directory, os.W_OK) and os.access(directory / "cgroup.procs", os.W_OK)
