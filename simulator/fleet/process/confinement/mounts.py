"""The script that isolates an application in its namespaces: it mounts, drops privileges and executes it.

It is run as a script (`Namespaces.command` in isolation.py creates the command line). It imports only the standard
library, and all of it at the beginning, because its files may be hidden later. It runs as root of a mount and a process
namespace, and possibly of a user namespace, all of them the instance's own. It does this in order: an empty folder is
mounted over each hidden path, and kept paths are bind-mounted into it; /dev gets harmless devices only; /sys and the
settings in /proc become read-only; /proc shows the namespace's processes; then the privileges that could undo any of it
are dropped, and the application replaces this process.

Arguments, each `name=value`, then `--` and the program with its arguments:

    hide=PATH    replaced by an empty folder or an empty file
    keep=PATH    visible as on the machine, although a parent is hidden
    show=PATH    as `keep`, but read-only
    file=PATH:AT a file to mount over the file AT, if AT exists
    tmp=PATH     folder to mount as /tmp
    as=UID:GID   user and group as which the application sees itself; without it, root
    processes=N  maximum number of processes, if the user namespace counts them

A set-up command that ran before in the same namespaces sets APPRUNNER_ROOT to the root that it created, and
APPRUNNER_DIRECTORY to the working directory in it.
"""

from __future__ import annotations

import ctypes
import os
import resource
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final  # importing it takes longer than the rest of the script

ROOT_VARIABLE: Final = "APPRUNNER_ROOT"
DIRECTORY_VARIABLE: Final = "APPRUNNER_DIRECTORY"

NOT_FOUND: Final = 127  # as in a shell
NOT_RUN: Final = 126

# Sockets that allow a process to escape: their servers start processes outside on request.
_WAYS_AROUND: Final = (
    *("/run/docker.sock", "/run/docker", "/run/containerd", "/run/podman", "/run/crio", "/run/user", "/run/dbus"),
    *("/run/systemd", "/run/snapd.sock", "/run/snapd-snap.socket", "/run/libvirt", "/run/screen", "/run/tmux"),
)
# Variables that the shells set that ran before.
_OF_SHELLS: Final = ("PWD", "OLDPWD", "SHLVL", "_")

_TEMPORARY: Final = "/tmp"  # noqa: S108 the instance's own
_DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS: Final = (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2"))
# Files in /proc through which root controls the whole machine.
_SWITCHES: Final = ("sys", "sysrq-trigger", "irq", "bus", "fs", "scsi", "acpi")

# Capabilities of root in a container, without raw sockets, device files and chroot, so none allows an escape: chown,
# dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service (capability.h).
_CAPABILITIES: Final = (0, 1, 3, 4, 5, 6, 7, 8, 10)

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT, _MS_BIND, _MS_REC = 1, 2, 4, 8, 32, 4096, 16384
_MS_RELATIME: Final = 1 << 21
_AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY, _SYS_MOUNT_SETATTR = -100, 0x8000, 1, 442
# ST_SAME: nosuid, nodev, noexec, noatime, nodiratime, whose numbers equal those of the mount flags
_ST_RELATIME, _ST_SAME = 4096, 2 | 4 | 8 | 1024 | 2048
_CLONE_NEWUSER: Final = 0x10000000
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 24, 38, 47, 4
_CAPABILITY_VERSION: Final = 0x20080522

# Python ignores SIGPIPE and SIGXFSZ, and a program that is executed inherits ignored signals.
_IGNORED: Final = (13, 25)

_libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: list[str]) -> int:
    end = arguments.index("--")
    wanted = [(name, value) for name, _, value in (each.partition("=") for each in arguments[:end])]
    program = arguments[end + 1 :]
    environment = os.environ  # noqa: TID251 the instance's own, in a process of its own
    root = environment.pop(ROOT_VARIABLE, "")
    directory = environment.pop(DIRECTORY_VARIABLE, "") or os.getcwd()
    for name in _OF_SHELLS:
        environment.pop(name, None)
    try:
        files = [each.split(":", 1) for name, each in wanted if name == "file"]
        held = [(os.open(source, os.O_PATH), at) for source, at in files]  # open them before they are hidden
        _places(root, wanted)
        _files(root, held)
        _devices(root)
        _read_only(f"{root}/sys")
        _processes(root)
        if root:
            os.chroot(root)
        # Enter it again: the parents of the old working directory would lead to hidden paths.
        os.chdir(directory)
        options = dict(wanted)
        if "processes" in options:
            most = int(options["processes"])
            resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
        _lower(options.get("as", ""))
    except OSError as error:
        sys.stderr.write(f"apprunner: the application could not be isolated: {error}\n")
        return NOT_RUN
    for number in _IGNORED:
        _libc.signal(number, None)
    return _run(program, environment.get("PATH", ""), [value for name, value in wanted if name == "hide"])


def _run(program: list[str], path: str, hidden: list[str]) -> int:
    """Run the program as a container engine does: a file that the kernel rejects is not passed to a shell."""
    name, why = program[0], ""
    for file in [name] if "/" in name else [f"{folder}/{name}" for folder in path.split(":") if folder]:
        try:
            os.execv(file, program)  # noqa: S606 this is the purpose of the script
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            why = error.strerror or str(error)
    if why:
        sys.stderr.write(f"apprunner: command = {name!r}, could not be run: {why}\n")
        return NOT_RUN
    around = [place for place in hidden if f"{name}/".startswith(f"{place}/")]
    where = f"{around[0]} of this machine is hidden from instances and builds" if around else f"PATH = {path}"
    sys.stderr.write(f"apprunner: command = {name!r}, not found ({where})\n")
    return NOT_FOUND


# --- visible files ---


def _places(root: str, wanted: list[tuple[str, str]]) -> None:
    """Set up hidden, kept and shown paths from the outside in, so that each is placed in the mount that contains it.

    Kept paths must have been opened before.
    """
    hidden = [("hide", os.path.realpath(path)) for path in _WAYS_AROUND]
    places = sorted({*hidden, *(each for each in wanted if each[0] in {"hide", "keep", "show"})}, key=_depth)
    shown = {path for do, path in places if do == "show"}
    held = dict[str, int]()
    for path in [path for do, path in places if do != "hide"]:
        # The root of a set-up may lack what lies in /tmp; then the machine's path is used, which a build may not write
        # to.
        found = [file for file in (root + path, path) if os.path.exists(file)]
        if found:
            held[path] = os.open(found[0], os.O_PATH)
            shown |= {path} if found[0] != root + path else set()
    tmp, covers = dict(wanted).get("tmp"), list[str]()
    if tmp is not None:
        _mount(root + tmp if os.path.isdir(root + tmp) else tmp, root + _TEMPORARY, flags=_MS_BIND)
    for do, path in places:
        if do == "hide":
            covers += _cover(root + path) if tmp is None or path != _TEMPORARY else []
        elif path in held:
            _bind(held[path], root + path)
            if path in shown:
                _read_only(root + path)
    for cover in covers:
        _read_only(cover, recursive=False)
    for handle in held.values():
        os.close(handle)


def _files(root: str, held: list[tuple[int, str]]) -> None:
    """Mount each open file over its destination; skip destinations that do not exist."""
    for handle, at in held:
        if os.path.isfile(root + at):
            place = os.path.realpath(root + at)
            _mount(f"/proc/self/fd/{handle}", place, flags=_MS_BIND)
            _read_only(place, recursive=False)
        os.close(handle)


def _cover(place: str) -> list[str]:
    """Hide a folder or file under an empty one. Return a list with the mounted folder; it is empty for a file."""
    if os.path.isdir(place):
        _mount("apprunner", place, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=755")
        return [place]
    if os.path.exists(place):
        _mount("/dev/null", place, flags=_MS_BIND)
    return []


def _depth(place: tuple[str, str]) -> tuple[int, str, str]:
    return place[1].rstrip("/").count("/"), place[1], place[0]


def _bind(handle: int, place: str) -> None:
    """Bind-mount an open file or folder over the destination, which is created if it does not exist."""
    if stat.S_ISDIR(os.fstat(handle).st_mode):
        os.makedirs(place, exist_ok=True)
    elif not os.path.lexists(place):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o600))
    _mount(f"/proc/self/fd/{handle}", place, flags=_MS_BIND | _MS_REC)


def _devices(root: str) -> None:
    """Set up /dev with harmless devices, and with terminals and shared memory of its own.

    A disk device would expose all files.
    """
    place = f"{root}/dev"
    held = {name: os.open(f"/dev/{name}", os.O_PATH) for name in _DEVICES if os.path.exists(f"/dev/{name}")}
    _mount("apprunner", place, "tmpfs", _MS_NOSUID | _MS_NOEXEC, "size=64k,mode=755")
    for name, handle in held.items():
        _bind(handle, f"{place}/{name}")
        os.close(handle)
    for name, to in _LINKS:
        os.symlink(f"/proc/self/fd{to}", f"{place}/{name}")
    os.symlink("pts/ptmx", f"{place}/ptmx")
    os.mkdir(f"{place}/shm")
    os.mkdir(f"{place}/pts")
    _mount("apprunner", f"{place}/shm", "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=1777")
    _mount("devpts", f"{place}/pts", "devpts", _MS_NOSUID | _MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    _read_only(place, recursive=False)


def _processes(root: str) -> None:
    """Mount the /proc of the process namespace.

    In a user namespace the kernel rejects this if parts of the machine's /proc are covered, as in a container. Then the
    machine's /proc stays, in which this user namespace may not read details of other processes.
    """
    place = f"{root}/proc"
    os.makedirs(place, exist_ok=True)
    try:
        _mount("proc", place, "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    except PermissionError:
        if root:
            _mount("/proc", place, flags=_MS_BIND | _MS_REC)
    for name in _SWITCHES:
        if os.path.exists(f"{place}/{name}"):
            _mount(f"{place}/{name}", f"{place}/{name}", flags=_MS_BIND | _MS_REC)
            _read_only(f"{place}/{name}")


# --- privileges ---


def _lower(seen_as: str) -> None:
    """Drop the privileges with which the application could undo the isolation."""
    if seen_as:
        uid, _, gid = seen_as.partition(":")
        _check(_libc.unshare(_CLONE_NEWUSER), "a user namespace")
        for file, text in (("setgroups", "deny"), ("uid_map", f"{uid} 0 1"), ("gid_map", f"{gid} 0 1")):
            handle = os.open(f"/proc/self/{file}", os.O_WRONLY)
            os.write(handle, text.encode())
            os.close(handle)
        _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
        return
    capability = 0
    while _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) == 0 if capability not in _CAPABILITIES else True:
        capability += 1
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    mask = sum(1 << each for each in _CAPABILITIES)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)(mask, mask, 0, 0, 0, 0)), "capabilities")


# --- system calls ---


def _mount(source: str, place: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    result = _libc.mount(
        source.encode(), place.encode(), kind.encode() or None, ctypes.c_ulong(flags), data.encode() or None
    )
    _check(result, f"mounting {kind or source} at {place}")


def _read_only(place: str, *, recursive: bool = True) -> None:
    """Make the mount point read-only, with everything mounted below it if `recursive`."""
    attributes = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_RDONLY, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    if _libc.syscall(_SYS_MOUNT_SETATTR, _AT_FDCWD, place.encode(), flags, attributes, ctypes.sizeof(attributes)) == 0:
        return
    # before Linux 5.12: without a recursive call, each mount is changed
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as given:
        points = [line.split(" ")[4].replace("\\040", " ") for line in given]
    for point in points:
        if point == place or (recursive and point.startswith(f"{place}/")):
            found = os.statvfs(point).f_flag
            same = found & _ST_SAME | (_MS_RELATIME if found & _ST_RELATIME else 0)
            _mount("", point, flags=_MS_REMOUNT | _MS_BIND | _MS_RDONLY | same)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
