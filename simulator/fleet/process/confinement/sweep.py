"""Removal of instances and orphans: end every process that belongs to a simulator's folder, then remove the folder.

It is used in two ways. The process driver calls `sweep` for one instance's folder when the instance has ended. Run as a
script, this file is the *guard* (watchdog.py): it waits for the end of its standard input, which is the end of the
simulator, and then sweeps the simulator's whole folder. Therefore it imports only the standard library and must start
fast.

A process belongs to a folder if it is in a control group of the folder, if its environment carries the folder's mark,
or if the simulator started its session. Every descendant inherits group and mark, whatever process groups and sessions
it creates for itself. The mark is needed on machines without control groups; the session is needed for programs that
overwrite their environment to show a title in `ps` (setproctitle, PostgreSQL). An unrelated process cannot be ended by
mistake: the folder's name is unique, the groups are named after it, and a user's shell in the folder has none of the
three. Without groups and namespaces, a descendant that leaves the session and clears its environment is missed.

A folder and its groups are named after the simulator that created them, so that a later one can identify orphans:
`apprunner-<PID namespace>-<process>-<its start>-<anything>`.

Linux only: it uses `/proc`, and pidfds, so that a process id that is reused between check and signal does no harm.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import stat
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

# App Runner reserves the prefix AWSAPPRUNNER (facts 5.2), so no variable of a user can have this name.
MARK: Final = "AWSAPPRUNNER_SIMULATOR_INSTANCE"

PREFIX: Final = "apprunner"
_OWNER_PARTS: Final = 5

# A pass ends every process that it finds; the next pass finds only those forked in the meantime. More passes than this
# occur only with a fork bomb, for which no number would suffice.
_PASSES_MAX: Final = 100
# A killed process ends at once, unless it is in an uninterruptible system call.
_DEATH_S_MAX: Final = 2.0
# 0.5 s in total: a group can be removed only some milliseconds after its last process ended
_REMOVALS_MAX: Final = 100
_REMOVAL_WAIT_S: Final = 0.005
# Values that restore a control group's CPU, for files of both versions; a group has some of these files.
_FREEDOM: Final = (("freezer.state", "THAWED"), ("cgroup.freeze", "0"), ("cpu.cfs_quota_us", "-1"), ("cpu.max", "max"))


def owner_name(pid: int) -> str:
    """Return the prefix of the names of all objects that this process creates on the machine.

    Raises:
        OSError: if there is no such process.
    """
    namespace = Path("/proc/self/ns/pid").stat().st_ino
    return f"{PREFIX}-{namespace}-{pid}-{_started(pid)}-"


def is_owned(name: str) -> bool:
    """Return True if a simulator created the object with this name."""
    parts = name.split("-")
    return len(parts) >= _OWNER_PARTS and parts[0] == PREFIX and all(part.isdigit() for part in parts[1:4])


def is_orphan(name: str) -> bool:
    """Return True if the object with this name was created by a simulator that has ended.

    False for names of other programs and of other PID namespaces.
    """
    parts = name.split("-")
    if not is_owned(name):
        return False
    if int(parts[1]) != Path("/proc/self/ns/pid").stat().st_ino:
        return False  # it belongs to a container that shares this folder, whose processes are not visible here
    try:
        return not name.startswith(owner_name(int(parts[2])))
    except OSError:
        return True


def sweep(folder: str, sessions: Collection[int], groups: Collection[str] = ()) -> None:
    """End the processes of `folder` (or of folders in it), `sessions` and `groups`, then remove groups and folder.

    `groups`: directories of control groups. Blocks: call it in a thread.
    """
    for group in groups:
        _restore_cpu(Path(group))
    end_processes(folder, sessions, {Path(group).name for group in groups})
    for group in groups:
        _remove_group(Path(group))
    remove(folder)


def groups_of(name: str, homes: Collection[str]) -> list[str]:
    """Return the directories of the control groups in `homes` that are named after a folder."""
    return sorted(str(group) for home in homes for group in Path(home).glob(f"{name}*"))


def sweep_orphans(scratch: str, homes: Collection[str], is_given_up: Callable[[], bool] = lambda: False) -> list[str]:
    """Remove what is left of simulators whose guards were killed as well; return the names of their folders.

    `scratch`: parent of their folders. `homes`: parents of their control groups. Blocks: call it in a thread; it
    returns early once `is_given_up()` is true.

    /proc is read once for all orphans. Groups in other places, for example below another login session, are not
    searched; processes in them are found by their mark.
    """
    left = {
        _folder_name(entry.name)
        for place in (scratch, *homes)
        for entry in Path(place).glob(f"{PREFIX}-*")
        if _is_ours(entry)
    }
    orphans = sorted(name for name in left if is_orphan(name))
    if not orphans:
        return []
    names = frozenset(orphans)
    groups = [
        group for home in homes for group in sorted(Path(home).glob(f"{PREFIX}-*")) if _folder_name(group.name) in names
    ]
    for group in groups:
        _restore_cpu(group)
    _end_all(lambda pid: _belongs_to_orphan(pid, scratch, names), is_given_up)
    for group in groups:
        if not is_given_up():
            _remove_group(group)
    for name in orphans:
        if not is_given_up():
            remove(str(Path(scratch) / name))
    return orphans


def end_processes(folder: str, sessions: Collection[int], groups: Collection[str] = ()) -> int:
    """Send SIGKILL to all matching processes, repeatedly until none is found. Return the number of ended processes.

    `groups`: names of control groups.
    """
    return _end_all(lambda pid: _belongs(pid, folder, sessions, groups))


def _end_all(belongs: Callable[[int], bool], is_given_up: Callable[[], bool] = lambda: False) -> int:
    ended = 0
    for _ in range(_PASSES_MAX):
        found = [pid for pid in _all_processes() if belongs(pid)]
        if not found or is_given_up():
            break
        # The youngest process last: a parent that has ended cannot fork again.
        ended += sum(_end(pid, belongs) for pid in found)
    return ended


def remove(folder: str) -> None:
    """Remove a folder, even if folders in it were made read-only, as module caches are."""
    shutil.rmtree(folder, ignore_errors=True)
    if not Path(folder).exists():
        return
    for where, _, _ in os.walk(folder):
        with contextlib.suppress(OSError):
            Path(where).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _all_processes() -> Iterator[int]:
    own = os.getpid()
    pids = sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return (pid for pid in pids if pid != own)


def _end(pid: int, belongs: Callable[[int], bool]) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except OSError:  # it has ended by itself
        return False
    try:
        # Check again: only now is the handle certain to refer to the process that is checked.
        if not belongs(pid):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        death = select.poll()
        death.register(handle, select.POLLIN)
        death.poll(_DEATH_S_MAX * 1000)
    except OSError:  # it has ended by itself, or may not be signalled
        return False
    else:
        return True
    finally:
        os.close(handle)


def _belongs(pid: int, folder: str, sessions: Collection[int], groups: Collection[str]) -> bool:
    try:
        session = _session(pid)
        if session is None:
            return False
        if session in sessions or (groups and _is_in_group(pid, groups)):
            return True
        return any(each == folder or each.startswith(f"{folder}/") for each in _marks(pid))
    except (OSError, ValueError):  # it has ended, or belongs to another user
        return False


def _belongs_to_orphan(pid: int, scratch: str, names: Collection[str]) -> bool:
    """Return True if the process is in one of these groups, or marked with one of these folders in `scratch`."""
    try:
        if _session(pid) is None:
            return False
        if any(_folder_name(part) in names for part in _group_path(pid) if part.startswith(PREFIX)):
            return True
        inside = [each[len(scratch) + 1 :] for each in _marks(pid) if each.startswith(f"{scratch}/")]
        return any(each.partition("/")[0] in names for each in inside)
    except (OSError, ValueError):  # it has ended, or belongs to another user
        return False


def _session(pid: int) -> int | None:
    """Return the session of a process; None for a zombie, which its parent will reap."""
    # Format: "4711 (a name) S 1 4711 4711 ...": state, parent, group, session. The name may contain any character, even
    # brackets.
    state, _, _, session = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[:4]
    return None if state in {b"Z", b"X"} else int(session)


def _marks(pid: int) -> list[str]:
    """Return the folders in the marks of a process's environment."""
    begin = f"{MARK}=".encode()
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return [os.fsdecode(entry[len(begin) :]) for entry in environment if entry.startswith(begin)]


def _is_in_group(pid: int, groups: Collection[str]) -> bool:
    """Return True if it is in one of these groups, or in a group that the application has created below it."""
    path = _group_path(pid)
    return any(group in path for group in groups)


def _group_path(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cgroup").read_text().replace("\n", "/").split("/")


def _started(pid: int) -> int:
    """Return the start time of a process, in clock ticks since boot."""
    return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19])


def _folder_name(name: str) -> str:
    """Return the first five parts of a name: the folder's name, without what a group of the folder appends."""
    return "-".join(name.split("-")[:_OWNER_PARTS])


def _is_ours(entry: Path) -> bool:
    """Return True if the folder belongs to this user.

    In a folder that all users may write to, another user could create an entry or a link in order to have its target
    removed.
    """
    try:
        found = entry.lstat()
    except OSError:  # its owner has removed it
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _restore_cpu(group: Path) -> None:
    """Restore the group's CPU: in version 1 a frozen process does not end, and one without CPU takes long to end."""
    for file, value in _FREEDOM:
        with contextlib.suppress(OSError):
            handle = os.open(group / file, os.O_WRONLY)  # not `open`: a missing file must not be created
            try:
                os.write(handle, value.encode())
            finally:
                os.close(handle)


def _remove_group(group: Path) -> None:
    """Remove the group and the groups inside it; retry while it is busy, as shortly after its last process ended."""
    for _ in range(_REMOVALS_MAX):
        for where, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                Path(where).rmdir()
        if not group.exists():
            return
        select.select((), (), (), _REMOVAL_WAIT_S)


def _guard(folder: str, homes: Collection[str]) -> None:
    """Read the sessions to track from standard input until it ends, which is the simulator's end; then sweep."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A signal to the whole control group or terminal reaches the guard as well, but its work begins only then.
        signal.signal(number, signal.SIG_IGN)
    sessions: set[int] = set()
    with open(0, "rb") as given:
        for line in given:  # "+4711": session 4711 has begun; "-4711": it has ended and nothing of it is left
            (sessions.add if line[:1] == b"+" else sessions.discard)(int(line[1:]))
    sweep(folder, sessions, groups_of(Path(folder).name, homes))


if __name__ == "__main__":
    _guard(sys.argv[1], sys.argv[2:])
