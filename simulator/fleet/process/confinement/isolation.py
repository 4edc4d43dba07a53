"""Isolation of processes on this machine: which namespaces it permits, and the command line that uses them.

An instance gets its own namespaces for mounts, processes and System V IPC: directly if the simulator runs as root, else
in a user namespace if the machine permits every user to create one. Inside, mounts.py hides what does not belong to the
instance. Instances share the machine's network, on which they listen, unless each has its own
(fleet/process/networks.py).

    unshare          creates the namespaces, waits, and exits as its child does; if it is killed, all of them end
    └─ sh            first process of the namespace: reaps orphans; when it ends, every process inside ends
       └─ mounts.py  sets up the mounts, then executes the application in its place

Paths in a hidden place that the application's command or its variables name stay visible, for example an interpreter in
/tmp. Rejected: bubblewrap, whose outer process ends at the SIGTERM that is meant for the application.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from simulator.fleet.process.confinement import mounts as process_mounts
from simulator.fleet.process.confinement.sweep import MARK, is_owned

STATE_NAME: Final = "apprunner-simulator"  # default name of the folder that contains the state folders

# The temporary folder that all users share.
TEMPORARY: Final = "/tmp"  # noqa: S108

SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_TRIAL_S_MAX: Final = 10.0
# The first process of the namespace writes nothing: a shell would log the signal that ended the application.
_FIRST: Final = 'exec 3>&2 2>/dev/null; (exec "$@" 2>&3 3>&-); exit $?'
# Settings that disable user namespaces: (file of /proc/sys, value, clause for users).
_FORBIDDEN: Final = (
    ("user/max_user_namespaces", "0", "user.max_user_namespaces is 0"),
    ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone is 0"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns is 1"),
)


class Way(StrEnum):
    ROOT = "root"
    USER = "user"
    FOLDER = "folder"  # no namespaces, only a separate folder


@dataclass(frozen=True, slots=True)
class MountPlan:
    """What the mounts of an application hide and show.

    `hidden`: folders. `kept`: paths in them that stay visible; `shown`: those of the kept paths that are read-only.
    `temporary`: folder to mount as /tmp; without one, /tmp is empty. `processes`: maximum number of processes if no
    control group counts them; 0: no limit. `files`: pairs of a file and the path at which it appears.
    """

    hidden: tuple[str, ...]
    kept: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    temporary: str = ""
    processes: int = 0
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Namespaces:
    """The best isolation that this machine permits. `why`: the reason why it is not better."""

    way: Way
    why: str = ""

    def __str__(self) -> str:
        if self.way is Way.FOLDER:
            return (
                "isolation: none, instances can read what you can read and signal what you can signal "
                f"(namespaces cannot be used: {self.why})"
            )
        user = "user, " if self.way is Way.USER else ""
        own = "/tmp and other temporary folders are the instance's own"  # noqa: S108
        return f"isolation: {user}mount and process namespaces, {own}"

    @property
    def is_apart(self) -> bool:
        return self.way is not Way.FOLDER

    @property
    def depth(self) -> int:
        """The number of wrapper processes around the application."""
        return 2 if self.is_apart else 0

    def unshare(self) -> tuple[str, ...]:
        """Return the command prefix that runs a command as the first process of new namespaces."""
        user = ("--user", "--map-root-user") if self.way is Way.USER else ()
        kept_apart = ("--mount", "--propagation", "private", "--ipc", "--pid", "--fork", "--kill-child")
        return ("unshare", *user, *kept_apart, "--")

    def command(
        self, mount_plan: MountPlan, program: tuple[str, ...], setup: tuple[str, ...] = (), *, as_root: bool = False
    ) -> tuple[str, ...]:
        """Return the command line that runs `program` isolated by `mount_plan`.

        `setup`: a command that runs first, as root of the namespaces, and then executes the command line that follows
        it. `as_root`: the program sees itself as root, whichever user runs the simulator.
        """
        if not self.is_apart:
            return (*setup, *program)
        first = ("/bin/sh", "-c", _FIRST, "apprunner")
        return (*self.unshare(), *first, *setup, *self.raised(mount_plan, as_root=as_root), *program)

    def raised(self, mount_plan: MountPlan, *, as_root: bool) -> tuple[str, ...]:
        """Return the command prefix that, inside the namespaces, sets up the mounts and then executes the program."""
        options = [f"hide={path}" for path in mount_plan.hidden]
        options += [f"keep={path}" for path in mount_plan.kept]
        options += [f"show={path}" for path in mount_plan.shown]
        options += [f"file={source}:{place}" for source, place in mount_plan.files]
        if mount_plan.temporary:
            options.append(f"tmp={mount_plan.temporary}")
        if self.way is Way.USER and not as_root:
            options.append(f"as={os.geteuid()}:{os.getegid()}")
        if self.way is Way.USER and mount_plan.processes and _counts_by_namespace():
            options.append(f"processes={mount_plan.processes}")
        return (sys.executable, "-I", "-S", process_mounts.__file__, *options, "--")


_finding: Final = threading.Lock()
_found: list[Namespaces] = []


def find_namespaces() -> Namespaces:
    """Return the best isolation of this machine, determined by a trial once per process.

    Blocks: call it in a thread.
    """
    with _finding:
        if not _found:
            _found.append(_find())
        return _found[0]


def _find() -> Namespaces:
    if shutil.which("unshare", path=SYSTEM_PATH) is None:
        return Namespaces(Way.FOLDER, "the program unshare of util-linux is not installed")
    why = ""
    for way in (Way.ROOT, Way.USER) if os.geteuid() == 0 else (Way.USER,):
        why = _trial(Namespaces(way))
        if not why:
            return Namespaces(way)
    return Namespaces(Way.FOLDER, why)


def _trial(namespaces: Namespaces) -> str:
    """Return an empty text if the namespaces work, else what is missing."""
    # The trial creates no folder, because a simulator that is killed during it would leave the folder behind.
    try:
        done = subprocess.run(  # noqa: S603 the command is our own
            namespaces.command(MountPlan((TEMPORARY,)), ("/bin/sh", "-c", "test $$ -lt 9")),
            cwd="/",
            env={"PATH": SYSTEM_PATH},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TRIAL_S_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "namespaces did not answer"
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return ""
    given = done.stderr.decode(errors="replace").strip() or "no namespaces can be made"
    return "; ".join([given, *_what_forbids()]) if namespaces.way is Way.USER else given


def _what_forbids() -> Iterator[str]:
    for file, value, given in _FORBIDDEN:
        try:
            if (Path("/proc/sys") / file).read_text().strip() == value:
                yield given
        except OSError:  # this kernel has no such setting
            continue


def _counts_by_namespace() -> bool:
    """Return True if the kernel counts processes per user namespace (since Linux 5.14).

    Before, it counts all processes of the user.
    """
    major, minor = (int(part) for part in os.uname().release.split(".")[:2])
    return (major, minor) >= (5, 14)


def mount_plan_for(
    folder: Path,
    command: Iterable[str],
    environment: Mapping[str, str],
    hidden: Iterable[Path],
    *,
    shown: Iterable[Path] = (),
    processes: int = 0,
) -> MountPlan:
    """Return the mounts of a program that runs in `folder`, with temporary files in `folder`/tmp.

    Hidden are the temporary folders, the usual state folder and `hidden`, except paths in temporary folders that the
    command or its variables name.
    """
    secret = [str(place.resolve()) for place in (*hidden, *_usual_state())]
    places = tuple(dict.fromkeys((TEMPORARY, str(folder.parent.parent), *secret)))
    own = [str(folder), *map(str, shown)]
    variables = {name: value for name, value in environment.items() if name != MARK}
    named = [path for path in named_paths(command, variables, places, secret) if path not in own]
    return MountPlan(places, (str(folder), *named), tuple(map(str, shown)), str(folder / "tmp"), processes)


def _usual_state() -> list[Path]:
    """Return the default state folder.

    It is hidden even if this simulator uses another one: the system may trust its certificate authority.
    """
    try:
        return [Path(pwd.getpwuid(os.geteuid()).pw_dir) / ".local" / "state" / STATE_NAME]
    except KeyError:  # a user without a passwd entry, as in containers
        return []


# --- named paths ---


def named_paths(
    command: Iterable[str], environment: Mapping[str, str], hidden: Iterable[str], secret: Iterable[str]
) -> list[str]:
    """Return the paths in hidden places that the command and its variables name; these stay visible.

    Excluded are paths in a `secret` place (such a place is hidden again if a folder around it is kept), and folders of
    other instances.
    """
    places, secrets, words = tuple(hidden), tuple(secret), list(command)
    program = shutil.which(words[0], path=environment.get("PATH", SYSTEM_PATH)) if words else None
    words += [part for value in environment.values() for part in value.split(":")]
    kept = dict[str, None]()
    for word in (*words, program or ""):
        for path in _with_dependencies(word) if word.startswith("/") else ():
            if (
                any(_is_in(path, place) for place in places)
                and path not in places
                and not any(_is_in(path, place) for place in secrets)
                and not any(map(is_owned, Path(path).parts))
            ):
                kept[path] = None
    return list(kept)


def _with_dependencies(word: str) -> Iterator[str]:
    """Yield the path, the targets of its links, and for a program the folders of its installation."""
    path = Path(word)
    if not path.exists():
        return
    for each in dict.fromkeys((path, *_links(path))):
        yield str(each)
        if each.is_file() and os.access(each, os.X_OK):
            if each.parent.name in {"bin", "sbin", "Scripts"}:
                yield str(each.parent.parent)
            interpreter = _interpreter(each)
            if interpreter and interpreter != word:
                yield from _with_dependencies(interpreter)
        elif each.is_file():
            yield str(each.parent)  # a script imports modules from its folder
        elif each.name in {"bin", "sbin"}:
            yield str(each.parent)  # an entry of PATH
            for program in ("python3", "node", "ruby", "java"):
                yield from _with_dependencies(str(each / program))


def _links(path: Path) -> Iterator[Path]:
    for _ in range(40):  # the kernel's limit of nested links
        if not path.is_symlink():
            break
        path = Path(os.path.normpath(path.parent / path.readlink()))
        yield path
    yield path.resolve()


def _interpreter(file: Path) -> str:
    """Return the interpreter of a script; empty for any other file."""
    try:
        with file.open("rb") as opened:
            line = opened.readline(256)
    except OSError:
        return ""
    words = line[2:].split() if line.startswith(b"#!") else []
    return os.fsdecode(words[0]) if words else ""


def _is_in(path: str, place: str) -> bool:
    return f"{path}/".startswith(f"{place.rstrip('/')}/")
