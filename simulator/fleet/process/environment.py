"""What the process of an instance gets: its folder, environment variables and program."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Final, Self

from simulator.fleet.ports import LaunchError
from simulator.fleet.process.confinement.sweep import MARK, is_owned

RESERVED_PREFIX: Final = "AWSAPPRUNNER"

# The search path of a system shell, without additions of the user.
_SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class SetUp:
    """A command that runs in an instance before its application and then executes the command line that follows it.

    It can, for example, create another root file system. `shown`: folders that it and the application may read.
    `mounts`: True if it needs namespaces of its own.
    """

    command: tuple[str, ...]
    shown: tuple[Path, ...] = ()
    mounts: bool = False


@dataclass(frozen=True, slots=True)
class ProcessApplication:
    """A command that listens on `$PORT` of `$HOST`.

    `command`: program and arguments; a program without a slash is searched in PATH, one with a slash is relative to the
    working directory. `environment`: the user's variables. `working_directory`: copied for every instance, so that
    instances do not share files; without it, an instance starts in an empty folder. `set_up`: the set-up command of a
    build's artifact; the program is then searched in the root file system that it creates.

    Raises:
        ValueError: if the command is empty or a variable has a forbidden name.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: Path | None = None
    set_up: SetUp | None = None

    is_simulated: ClassVar[bool] = False
    has_own_loopback: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.command or not self.command[0]:
            msg = f"command = {list(self.command)}, must name a program"
            raise ValueError(msg)
        check_variables(self.environment)
        if any("\0" in argument for argument in self.command):
            msg = f"command = {list(self.command)}, must not contain a NUL"
            raise ValueError(msg)

    def configured(self, command: tuple[str, ...], variables: Mapping[str, str], port: int) -> Self:
        """Return the application with a service's settings; an empty command keeps its own.

        `port` is unused: each instance gets its own port in $PORT.
        """
        del port
        return replace(self, command=command or self.command, environment={**self.environment, **variables})

    def why_no_egress_rules(self, engine: str) -> str:
        """Return why the rules of VPCs cannot be enforced for its instances; empty if no obstacle is known.

        `engine` is unused: processes run on this machine.
        """
        from simulator.fleet.network.instance_network import why_not_enforced  # noqa: PLC0415 only with VPCs

        del engine
        return why_not_enforced()

    @property
    def mounts(self) -> bool:
        """True if its instances need namespaces."""
        return self.set_up is not None and self.set_up.mounts


def check_variables(variables: Mapping[str, str]) -> None:
    """Reject invalid environment variables and App Runner's own prefix (facts 5.2).

    Raises:
        ValueError: the message has the name, but not the value, which may be a secret.
    """
    for name, value in variables.items():
        if not name or "=" in name or "\0" in name:
            msg = f"environment name = {name!r}, must be a name without = and NUL"
            raise ValueError(msg)
        if name.upper().startswith(RESERVED_PREFIX):
            msg = f"environment name = {name!r}, must not begin with {RESERVED_PREFIX}: App Runner reserves it"
            raise ValueError(msg)
        if "\0" in value:
            msg = f"environment {name} = (not shown), must not contain a NUL"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class InstanceFolder:
    """The folder of one instance. It runs in `app`; `home` and `tmp` are its home directory and temporary folder."""

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
        """Create the folder, for this user only, with a copy of the working directory without its `hidden` paths.

        Blocks while it copies: call it in a thread.

        Raises:
            LaunchError: if the working directory does not exist or cannot be read, or the disk is full.
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
            msg = f"the instance's folder could not be created from working_directory = {source}: {why}"
            raise LaunchError(msg) from error


def _left_out(hidden: Collection[Path], folder: str, names: list[str]) -> list[str]:
    """Return the names that are not copied.

    These are folders of simulators (the temporary folder may be inside the working directory, and the copy would not
    end), `hidden` paths (the state folder may be there), and sockets and pipes, which have no content.
    """
    return [
        name
        for name in names
        if is_owned(name) or _is_special(Path(folder, name)) or Path(folder, name).resolve() in hidden
    ]


def _is_special(path: Path) -> bool:
    return not (path.is_symlink() or path.is_file() or path.is_dir())


def why_not_copied(error: OSError) -> str:
    """Return the first reason in an error of `shutil.copytree`, which collects one per file."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list) and error.args[0]:
        reasons = error.args[0]
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        return f"{reasons[0][-1]}{more}"
    return str(error)


def clean_environment(
    folder: InstanceFolder, port: int, variables: Mapping[str, str], more: Mapping[str, str], host: str = "127.0.0.1"
) -> dict[str, str]:
    """Return all environment variables of an instance. `more` overrides `variables`; PORT and the mark override both.

    App Runner always sets PORT and does not allow an override (facts 5.2). HOST is set by the simulator, for
    applications that would otherwise listen on all interfaces; a HOST of the user is kept.
    """
    return {
        # The interpreter's own folder first, so that `python` and the programs installed with it are those of the
        # simulator.
        "PATH": f"{Path(sys.executable).parent}:{_SYSTEM_PATH}",
        "HOME": str(folder.home),
        "LANG": "C.UTF-8",
        "TMPDIR": str(folder.tmp),
        "HOST": host,
        **variables,
        **more,
        "PORT": str(port),
        MARK: str(folder.root),
    }


def find_program(program: str, path: str, directory: Path) -> str:
    """Return the file of a program. It is searched here because uvloop and asyncio would use different PATHs.

    Raises:
        LaunchError: the message has the search path, or the reason why the kernel would not run the file.
    """
    if "/" not in program:
        found = shutil.which(program, path=path)
        if found is None:
            msg = f"command = {program!r}, must name a program: not found in PATH = {path}"
            raise LaunchError(msg)
        return found
    file = directory / program  # an absolute path replaces the directory
    if not file.is_file():
        msg = f"command = {program!r}, must name a program: there is no such file"
        raise LaunchError(msg)
    if not os.access(file, os.X_OK):
        msg = f"command = {program!r}, must be executable: the file lacks the permission (chmod +x)"
        raise LaunchError(msg)
    with file.open("rb") as opened:
        # uvloop passes a file that the kernel rejects to a shell; a container engine and this driver do not.
        if not opened.read(4).startswith((b"#!", b"\x7fELF")):
            msg = f"command = {program!r}, must be a program or a script that begins with #! (exec format error)"
            raise LaunchError(msg)
    return str(file)
