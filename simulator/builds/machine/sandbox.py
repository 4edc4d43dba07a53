"""The environment of build commands and of the built application: /app at its path, and the machine around it.

It uses mount namespaces, which root can create and, on most machines, any user in a user namespace. /app is literally
/app. The rest of the machine is readable; writes to it go into a layer that belongs to the stage and is discarded with
it, as in an image. Builds also have a process namespace: when its first process ends, all its processes end.

Within the namespaces the simulator's state, other builds, temporary files and processes are invisible, as for an
instance (fleet/process/confinement/isolation.py), except for what the toolchain needs. Everything else that the
simulator's user can read is readable: build only code that you would also run.

Without namespaces, commands run in the folder itself, and paths that begin with /app do not exist. `Isolation.describe`
names the method that this machine supports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from simulator.builds.toolchain import SYSTEM_PATH
from simulator.fleet.process.confinement.isolation import Namespaces, Way, find_namespaces, mount_plan_for
from simulator.fleet.process.environment import SetUp
from simulator.world.child_processes import ended_with

_TRIAL_S_MAX: Final = 10.0
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

# Arguments: the mount point; the folder that is /app; the folder that is mounted unchanged; the stage whose layer is
# used unchanged, or - (then the folder's own layer continues); the directory to start in; the isolation command; the
# command. Mounts, in this order: a layer over the machine, in memory, because the kernel rejects a layer within the
# directories that it covers; other mounts of the machine, read-only; the own folder; /app. The isolation command adds
# /dev, /proc and /tmp.
_BEGIN: Final = """\
set -eu
root=$1 app=$2 own=$3 below=$4 directory=$5; shift 5
mount -t tmpfs -o size=1g,mode=755 apprunner "$root"
mkdir "$root/new" "$root/upper" "$root/work" "$root/below"
if [ "$below" = - ]; then cp -a "$own/layer/." "$root/upper/"; else cp -a "$below/layer/." "$root/below/"; fi
"""
_MACHINE: Final = """\
lower=/
[ -z "$(ls -A "$root/below")" ] || lower="$root/below:/"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$root/upper,workdir=$root/work" "$root/new"
for each in /*; do
  case $each in /proc|/sys|/dev) mount --rbind "$each" "$root/new$each"; continue ;; esac
  if [ ! -L "$each" ] && mountpoint -q "$each"; then
    mount --rbind "$each" "$root/new$each"; mount -o remount,bind,ro "$root/new$each" 2>/dev/null || :
  fi
done
"""
# In a user namespace the kernel does not allow covering a directory in which another user has mounted something,
# because hidden files could become visible. So every directory of the root gets its own layer, and one that cannot have
# a layer is read-only. Overlays of an ordinary user store their metadata in attributes that the user may write
# (userxattr).
_MACHINE_OF_USER: Final = """\
lock() {
  [ -e "$1" ] || return 0  # another one covers it
  for more in "" ,nosuid ,nodev ,nosuid,nodev ,nosuid,nodev,noexec; do
    mount -o "remount,bind,ro$more" "$1" 2>/dev/null && return
  done
  mount -t tmpfs -o size=4k,mode=555 apprunner "$1" 2>/dev/null || :
}
mkdir "$root/new/proc"
mount -t proc proc "$root/new/proc" 2>/dev/null || mount --rbind /proc "$root/new/proc"
for each in /*; do
  new=$root/new$each
  case $each in /proc|/app|/tmp) continue ;; /sys|/dev) mkdir "$new"; mount --rbind "$each" "$new"; continue ;; esac
  if [ -L "$each" ]; then cp -P "$each" "$new"; continue; fi
  [ -d "$each" ] || continue
  mkdir "$new" "$root/work$each"
  [ -d "$root/upper$each" ] || mkdir -m "$(stat -c %a "$each")" "$root/upper$each"
  lower=$each
  [ ! -d "$root/below$each" ] || lower="$root/below$each:$each"
  mount -t overlay overlay -o "lowerdir=$lower,upperdir=$root/upper$each,workdir=$root/work$each,userxattr" "$new" \
    2>/dev/null && continue
  mount --rbind "$each" "$new"
  while read -r _ _ _ _ point _; do
    case $point in "$new"|"$new"/*) lock "$point" ;; esac
  done < "$root/new/proc/self/mountinfo"
done
for each in "$root"/upper/* "$root"/below/*; do
  [ ! -e "$each" ] || [ -e "$root/new/${each##*/}" ] || cp -a "$each" "$root/new/"
done
"""
_PLACES: Final = """\
mkdir -p "$root/new/app" "$root/new/tmp"
mkdir -p "$root/new$own"; mount --bind "$own" "$root/new$own"
if [ "$below" != - ]; then
  mkdir -p "$root/new$below"; mount --bind "$below" "$root/new$below"; mount -o remount,bind,ro "$root/new$below"
fi
mount --bind "$app" "$root/new/app"
export APPRUNNER_ROOT="$root/new" APPRUNNER_DIRECTORY="/app/$directory"
"""
# The layer of a build command is kept for the next one, without the mount points.
_OF_BUILD: Final = """\
("$@") && code=0 || code=$?
cd "$root/upper"
rmdir app tmp 2>/dev/null || :
rm -rf "$own/layer"; cp -a "$root/upper" "$own/layer"
exit "$code"
"""
# New entries beside the layers of directories.
_OF_BUILD_OF_USER: Final = """\
("$@") && code=0 || code=$?
rm -rf "$own/layer"; mkdir "$own/layer"
for each in "$root"/upper/*; do
  [ -z "$(ls -A "$each")" ] || cp -a "$each" "$own/layer/"
done
for each in "$root"/new/* "$root"/new/.[!.]*; do
  name=${each##*/}
  if [ -L "$each" ]; then [ -L "/$name" ] || cp -a "$each" "$own/layer/"
  elif [ -e "$each" ] && [ "$name" != tmp ] && [ "$name" != app ] && ! mountpoint -q "$each"; then
    rm -rf "$own/layer/$name"; cp -a "$each" "$own/layer/"
  fi
done
exit "$code"
"""
# An instance uses its own copy, $PWD, in a folder of its own.
_INSTANCE: Final = 'port=$1; shift; [ -z "$port" ] || export "$port=$PORT"\n'
_OF_INSTANCE: Final = 'own=${PWD%/*}; mkdir -p "$own/root" "$own/tmp"; set -- "$own/root" "$PWD" "$own" "$@"\n'
_FOLDER: Final = 'directory=$1; shift; [ -z "$directory" ] || cd "$directory"; exec "$@"'


@dataclass(frozen=True, slots=True)
class BuildRoot:
    """The folders of a stage: `app` is /app, `system` has the files that its runtime adds, `layer` all other writes."""

    root: Path

    @property
    def app(self) -> Path:
        return self.root / "app"

    @property
    def system(self) -> Path:
        return self.root / "system"

    @property
    def home(self) -> Path:
        return self.system / "home"

    def make(self) -> None:
        for folder in (self.app, self.home, self.root / "tmp", self.root / "mount", self.root / "layer"):
            folder.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True, slots=True)
class Isolation:
    """How commands are isolated on this machine. `why`: the reason why no better method is available."""

    way: Way
    why: str = ""

    @property
    def has_app(self) -> bool:
        """True if commands find the path /app."""
        return self.way is not Way.FOLDER

    @property
    def describe(self) -> str:
        if self.way is Way.FOLDER:
            return f"Commands run in the build's own folder; the path /app does not exist ({self.why})."
        return "Commands run in separate namespaces, with /app at its path and their own /tmp."

    def of_stage(
        self,
        stage: BuildRoot,
        directory: str,
        command: tuple[str, ...],
        environment: Mapping[str, str] = _NOTHING,
        hidden: tuple[Path, ...] = (),
    ) -> tuple[str, ...]:
        """Return the command line of a build command, which starts in `directory` of /app.

        `hidden`: folders that it cannot see. `environment`: paths in its values, such as the folders of PATH, stay
        visible even in a temporary folder.
        """
        if self.way is Way.FOLDER:
            return ("/bin/sh", "-c", _FOLDER, "apprunner", directory, *command)
        script = f"{self._mounts}{_OF_BUILD_OF_USER if self.way is Way.USER else _OF_BUILD}"
        own, apart = str(stage.root), Namespaces(self.way)
        mount_plan = mount_plan_for(stage.root, command, environment, hidden)
        return (
            *(*apart.unshare(), "/bin/sh", "-c", script, "apprunner", f"{own}/mount", str(stage.app), own, "-"),
            *(directory, *apart.raised(mount_plan, as_root=True), *command),
        )

    def of_instance(self, stage: BuildRoot, directory: str, port: str) -> SetUp:
        """Return what runs before the command of an application that was built in `stage`.

        The instance's working directory is a copy of the stage's `app`. `port`: a variable besides PORT that gets the
        port; may be empty.
        """
        if self.way is Way.FOLDER:
            return SetUp(("/bin/sh", "-c", _INSTANCE + _FOLDER, "apprunner", port, directory))
        script = f'{_INSTANCE}{_OF_INSTANCE}{self._mounts}exec "$@"'
        command = ("/bin/sh", "-c", script, "apprunner", port, str(stage.root), directory)
        return SetUp(command, (stage.root,), mounts=True)

    @property
    def _mounts(self) -> str:
        return f"{_BEGIN}{_MACHINE_OF_USER if self.way is Way.USER else _MACHINE}{_PLACES}"


async def find_isolation(scratch: Path, *, namespaces: bool = True) -> Isolation:
    """Find the best isolation on this machine by trying. `scratch`: an empty folder, in which files may remain."""
    if not namespaces:
        return Isolation(Way.FOLDER, "namespaces are switched off")
    loop = asyncio.get_running_loop()
    apart = await loop.run_in_executor(None, find_namespaces)
    why = apart.why
    for way in {Way.ROOT: (Way.ROOT, Way.USER), Way.USER: (Way.USER,), Way.FOLDER: ()}[apart.way]:
        stage = BuildRoot(scratch / way.value)
        await loop.run_in_executor(None, stage.make)
        why = await _trial(Isolation(way), stage)
        if not why:
            return Isolation(way)
    return Isolation(Way.FOLDER, why)


async def _trial(isolation: Isolation, stage: BuildRoot) -> str:
    """Return an empty text if the isolation works, else its error output."""
    try:
        process = await asyncio.create_subprocess_exec(
            *isolation.of_stage(stage, "", ("/bin/sh", "-c", "test -d /app && : > /app/mine && : > /elsewhere")),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": SYSTEM_PATH},
        )
    except OSError as error:
        return str(error)
    try:
        async with ended_with(process), asyncio.timeout(_TRIAL_S_MAX):
            _, errors = await process.communicate()
    except TimeoutError:
        return "namespaces did not answer"
    return "" if process.returncode == 0 else errors.decode(errors="replace").strip() or "no namespaces can be made"
