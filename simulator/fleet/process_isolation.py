"""How processes are kept apart on this machine: the namespaces that it allows, and the command line that uses them.

An instance gets namespaces of its own for mounts, processes and System V's shared memory: of root where the simulator
is root, in a user namespace where it is not and the machine lets everybody make one. In there process_walls.py hides
what is not the instance's. It stays in the machine's network, where its port is.

    unshare          makes the namespaces, waits, ends as what is in them; when it is killed, so is all of that
    └─ sh            first process of the namespace: collects orphans; its end is the end of everything in there
       └─ walls      raises the walls and becomes the application

What the application's command or its variables name is there although it lies in a hidden place, such as an interpreter
in /tmp. Rejected: bubblewrap, whose outer process dies of the SIGTERM that is meant for the application.
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

from simulator.fleet import process_walls
from simulator.fleet.process_sweep import MARK, is_owned

STATE_NAME: Final = "apprunner-simulator"  # of the folder that states are in, unless the user names another

# What nobody calls his own and everybody has things in.
TEMPORARY: Final = "/tmp"  # noqa: S108

SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_TRIAL_S_MAX: Final = 10.0
# The first process of the namespace is silent: it would tell of the application's end by a signal in the log.
_FIRST: Final = 'exec 3>&2 2>/dev/null; (exec "$@" 2>&3 3>&-); exit $?'
# What makes user namespaces fail, as (file of /proc/sys, value, how it is told).
_FORBIDDEN: Final = (
    ("user/max_user_namespaces", "0", "user.max_user_namespaces is 0"),
    ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone is 0"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns is 1"),
)


class Way(StrEnum):
    ROOT = "root"
    USER = "user"
    FOLDER = "folder"  # no namespaces: nothing but a folder of its own


@dataclass(frozen=True, slots=True)
class Walls:
    """`hidden`: whole folders. `kept`: paths in them that are there all the same, `shown` those of them that cannot be
    written to. `temporary` is /tmp; without one it is empty. `processes`: at most so many, where nothing else counts
    them; 0: no limit.
    """

    hidden: tuple[str, ...]
    kept: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    temporary: str = ""
    processes: int = 0


@dataclass(frozen=True, slots=True)
class Namespaces:
    """The best that this machine has. `why` says why not better."""

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
        """How many processes stand around the application's own."""
        return 2 if self.is_apart else 0

    def unshare(self) -> tuple[str, ...]:
        """The command that runs what follows as first process of namespaces of its own."""
        user = ("--user", "--map-root-user") if self.way is Way.USER else ()
        kept_apart = ("--mount", "--propagation", "private", "--ipc", "--pid", "--fork", "--kill-child")
        return ("unshare", *user, *kept_apart, "--")

    def command(
        self, walls: Walls, program: tuple[str, ...], setup: tuple[str, ...] = (), *, as_root: bool = False
    ) -> tuple[str, ...]:
        """The command line that runs `program` within walls. `setup` runs before, as root of the namespaces, and then
        whatever follows it. `as_root`: it sees itself as root whichever user runs the simulator.
        """
        if not self.is_apart:
            return (*setup, *program)
        first = ("/bin/sh", "-c", _FIRST, "apprunner")
        return (*self.unshare(), *first, *setup, *self.raised(walls, as_root=as_root), *program)

    def raised(self, walls: Walls, *, as_root: bool) -> tuple[str, ...]:
        """The command that, within the namespaces, raises the walls and becomes what follows."""
        options = [f"hide={path}" for path in walls.hidden]
        options += [f"keep={path}" for path in walls.kept]
        options += [f"show={path}" for path in walls.shown]
        if walls.temporary:
            options.append(f"tmp={walls.temporary}")
        if self.way is Way.USER and not as_root:
            options.append(f"as={os.geteuid()}:{os.getegid()}")
        if self.way is Way.USER and walls.processes and _counts_by_namespace():
            options.append(f"processes={walls.processes}")
        return (sys.executable, "-I", "-S", process_walls.__file__, *options, "--")


_finding: Final = threading.Lock()
_found: list[Namespaces] = []


def find_namespaces() -> Namespaces:
    """The best that this machine has, by trying, once a process. Blocks: for a thread."""
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
    """Empty when it works, else what is missing."""
    # Without a folder of its own, which a simulator that is killed now would leave.
    try:
        done = subprocess.run(  # noqa: S603 the command is our own
            namespaces.command(Walls((TEMPORARY,)), ("/bin/sh", "-c", "test $$ -lt 9")),
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
    told = done.stderr.decode(errors="replace").strip() or "no namespaces can be made"
    return "; ".join([told, *_what_forbids()]) if namespaces.way is Way.USER else told


def _what_forbids() -> Iterator[str]:
    for file, value, told in _FORBIDDEN:
        try:
            if (Path("/proc/sys") / file).read_text().strip() == value:
                yield told
        except OSError:  # this kernel has no such switch
            continue


def _counts_by_namespace() -> bool:
    """Since Linux 5.14 a user namespace has a count of its own; before, all processes of the user are counted."""
    major, minor = (int(part) for part in os.uname().release.split(".")[:2])
    return (major, minor) >= (5, 14)


def walls_around(
    folder: Path,
    command: Iterable[str],
    environment: Mapping[str, str],
    hidden: Iterable[Path],
    *,
    shown: Iterable[Path] = (),
    processes: int = 0,
) -> Walls:
    """Of what runs in `folder`, which has its temporary files in `tmp`. Temporary folders, the usual state folder and
    `hidden` are; what the command or its variables name in temporary folders is not.
    """
    secret = [str(place.resolve()) for place in (*hidden, *_usual_state())]
    places = tuple(dict.fromkeys((TEMPORARY, str(folder.parent.parent), *secret)))
    own = [str(folder), *map(str, shown)]
    variables = {name: value for name, value in environment.items() if name != MARK}
    named = [path for path in named_paths(command, variables, places, secret) if path not in own]
    return Walls(places, (str(folder), *named), tuple(map(str, shown)), str(folder / "tmp"), processes)


def _usual_state() -> list[Path]:
    """Its authority may be trusted by the whole system, whatever folder this simulator keeps its own in."""
    try:
        return [Path(pwd.getpwuid(os.geteuid()).pw_dir) / ".local" / "state" / STATE_NAME]
    except KeyError:  # a user without an entry, as containers have
        return []


# --- what is named ---


def named_paths(
    command: Iterable[str], environment: Mapping[str, str], hidden: Iterable[str], secret: Iterable[str]
) -> list[str]:
    """What the command and its variables name in hidden places, to be kept. Nothing in a `secret` place (in what lies
    around one it is hidden again), and no folder of another instance.
    """
    places, secrets, words = tuple(hidden), tuple(secret), list(command)
    program = shutil.which(words[0], path=environment.get("PATH", SYSTEM_PATH)) if words else None
    words += [part for value in environment.values() for part in value.split(":")]
    kept = dict[str, None]()
    for word in (*words, program or ""):
        for path in _with_what_it_needs(word) if word.startswith("/") else ():
            if (
                any(_is_in(path, place) for place in places)
                and path not in places
                and not any(_is_in(path, place) for place in secrets)
                and not any(map(is_owned, Path(path).parts))
            ):
                kept[path] = None
    return list(kept)


def _with_what_it_needs(word: str) -> Iterator[str]:
    """The path itself, what it is a link to, and of a program the tree that it is installed in."""
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
                yield from _with_what_it_needs(interpreter)
        elif each.is_file():
            yield str(each.parent)  # a script finds its modules beside it
        elif each.name in {"bin", "sbin"}:
            yield str(each.parent)  # of a PATH
            for program in ("python3", "node", "ruby", "java"):
                yield from _with_what_it_needs(str(each / program))


def _links(path: Path) -> Iterator[Path]:
    for _ in range(40):  # as many as the kernel follows
        if not path.is_symlink():
            break
        path = Path(os.path.normpath(path.parent / path.readlink()))
        yield path
    yield path.resolve()


def _interpreter(file: Path) -> str:
    """Of a script; empty for anything else."""
    try:
        with file.open("rb") as opened:
            line = opened.readline(256)
    except OSError:
        return ""
    words = line[2:].split() if line.startswith(b"#!") else []
    return os.fsdecode(words[0]) if words else ""


def _is_in(path: str, place: str) -> bool:
    return f"{path}/".startswith(f"{place.rstrip('/')}/")
