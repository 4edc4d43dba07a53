"""What an instance's process finds around it: its folder, its environment, its program. Nothing of ours leaks in."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from simulator.fleet.driver import LaunchError
from simulator.fleet.process_sweep import MARK, is_owned

RESERVED_PREFIX: Final = "AWSAPPRUNNER"

# What a system shell searches, without the caller's own additions.
_SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class SetUp:
    """What runs in an instance before its application: `command` makes another root, say, and then runs whatever
    follows it. `shown`: folders that it and the application may read. `mounts`: only in namespaces of its own.
    """

    command: tuple[str, ...]
    shown: tuple[Path, ...] = ()
    mounts: bool = False


@dataclass(frozen=True, slots=True)
class ProcessApplication:
    """A command that listens on `$PORT` of `$HOST`.

    `command`: program and arguments; a program without a slash is looked for in PATH, one with a slash is taken from
    the working directory. `environment`: the user's variables. `working_directory`: copied for every instance, so that
    instances do not see each other's files; without one an instance begins in an empty folder. `set_up`: of what was
    built; the command is then looked for where that leads.

    Raises:
        ValueError: when the command is empty or a variable has a name that it must not have.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: Path | None = None
    set_up: SetUp | None = None

    def __post_init__(self) -> None:
        if not self.command or not self.command[0]:
            msg = f"command = {list(self.command)}, must name a program"
            raise ValueError(msg)
        check_variables(self.environment)
        if any("\0" in argument for argument in self.command):
            msg = f"command = {list(self.command)}, must not hold a NUL"
            raise ValueError(msg)

    @property
    def mounts(self) -> bool:
        """Whether its instances cannot do without namespaces."""
        return self.set_up is not None and self.set_up.mounts


def check_variables(variables: Mapping[str, str]) -> None:
    """Reject what cannot be a variable, and App Runner's own prefix (facts 5.2).

    Raises:
        ValueError: with the name; never with the value, which may be a secret.
    """
    for name, value in variables.items():
        if not name or "=" in name or "\0" in name:
            msg = f"environment name = {name!r}, must be a name without = and NUL"
            raise ValueError(msg)
        if name.upper().startswith(RESERVED_PREFIX):
            msg = f"environment name = {name!r}, must not begin with {RESERVED_PREFIX}: App Runner reserves it"
            raise ValueError(msg)
        if "\0" in value:
            msg = f"environment {name} = (not shown), must not hold a NUL"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class InstanceFolder:
    """The folder of one instance: `app` is where it runs, `home` and `tmp` are what they are called."""

    root: Path

    @property
    def app(self) -> Path:
        return self.root / "app"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def tmp(self) -> Path:
        return self.root / "tmp"

    def make(self, working_directory: Path | None, hidden: Collection[Path] = ()) -> None:
        """Make it, for our eyes only, without what of the working directory is `hidden`. Blocks while it copies: for a
        thread.

        Raises:
            LaunchError: when the working directory is not there or cannot be read, or the disk is full.
        """
        try:
            self.root.mkdir(mode=0o700)
            self.home.mkdir()
            self.tmp.mkdir()
            if working_directory is None:
                self.app.mkdir()
            else:
                shutil.copytree(working_directory, self.app, symlinks=True, ignore=partial(_left_out, hidden))
        except OSError as error:
            source, why = working_directory, why_not_copied(error)
            msg = f"the instance's folder could not be made from working_directory = {source}: {why}"
            raise LaunchError(msg) from error


def _left_out(hidden: Collection[Path], folder: str, names: list[str]) -> list[str]:
    """Of a copy: folders of simulators, as the temporary folder may lie in the working directory and a copy would not
    end, what is `hidden`, as a state folder may lie there too, and what has no content to copy, sockets and pipes.
    """
    return [
        name
        for name in names
        if is_owned(name) or _is_special(Path(folder, name)) or Path(folder, name).resolve() in hidden
    ]


def _is_special(path: Path) -> bool:
    return not (path.is_symlink() or path.is_file() or path.is_dir())


def why_not_copied(error: OSError) -> str:
    """The first of the reasons that a copy gathers, one a file."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list) and error.args[0]:
        reasons = error.args[0]
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        return f"{reasons[0][-1]}{more}"
    return str(error)


def clean_environment(
    folder: InstanceFolder, port: int, variables: Mapping[str, str], more: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of an instance. `more` wins over `variables`, PORT and the mark over both.

    App Runner always sets PORT and lets nobody override it (facts 5.2). HOST is ours, for applications that would
    otherwise listen to the whole network; a user's own HOST stands.
    """
    return {
        # The interpreter's own folder first, so that `python` and what is installed beside it are the simulator's.
        "PATH": f"{Path(sys.executable).parent}:{_SYSTEM_PATH}",
        "HOME": str(folder.home),
        "LANG": "C.UTF-8",
        "TMPDIR": str(folder.tmp),
        "HOST": "127.0.0.1",
        **variables,
        **more,
        "PORT": str(port),
        MARK: str(folder.root),
    }


def find_program(program: str, path: str, directory: Path) -> str:
    """The program's file. Found here and not by the loop, as uvloop and asyncio search different PATHs.

    Raises:
        LaunchError: with where it was looked for, or why the kernel would not run it.
    """
    if "/" not in program:
        found = shutil.which(program, path=path)
        if found is None:
            msg = f"command = {program!r}, must name a program: not found in PATH = {path}"
            raise LaunchError(msg)
        return found
    file = directory / program  # an absolute program replaces the directory
    if not file.is_file():
        msg = f"command = {program!r}, must name a program: there is no such file"
        raise LaunchError(msg)
    if not os.access(file, os.X_OK):
        msg = f"command = {program!r}, must be executable: the file lacks the permission (chmod +x)"
        raise LaunchError(msg)
    with file.open("rb") as opened:
        # uvloop hands what the kernel refuses to a shell; a container engine does not, so neither do we.
        if not opened.read(4).startswith((b"#!", b"\x7fELF")):
            msg = f"command = {program!r}, must be a program or a script that begins with #! (exec format error)"
            raise LaunchError(msg)
    return str(file)
