"""What an instance and a build can read and reach: `python -m tests.live.reaching` prints the table.

There are a state folder, a second instance with a secret, and a process that represents the simulator. An instance and
a build each run `PROBE`, which tries every access and prints which ones succeeded. The same file also runs on checkouts
from before the isolation existed, because it uses only what both have. `--user NAME` makes the table as that user (root
only).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import pwd
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from simulator.builds.machine.sandbox import BuildRoot, find_isolation
from simulator.fleet.ports import InstanceSpec
from simulator.fleet.process.driver import ProcessDriver
from simulator.fleet.process.environment import ProcessApplication
from simulator.fleet.process.settings import ProcessSettings
from simulator.model.sizes import InstanceSize

# Its arguments: JSON of {what: [how, argument]}. It prints JSON of {what: whether it succeeded}.
PROBE = """
import json, os, socket, sys

def read(path):
    return bool(open(path, "rb").read(1))

def listed(path):
    # Its own folder is there
    return len([name for name in os.listdir(path) if name.startswith("apprunner-")]) > 1

def asked(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    return True

def signalled(pid):
    os.kill(int(pid), 0)
    return True

def connected(port):
    socket.create_connection(("127.0.0.1", int(port)), 1).close()
    return True

def environment(text):
    # Of any process but its own and those around it
    mine = {os.getpid(), os.getppid()}
    for each in os.listdir("/proc"):
        try:
            if each.isdigit() and int(each) not in mine and text.encode() in open(f"/proc/{each}/environ", "rb").read():
                return True
        except OSError:
            continue
    return False

def file_with(text):
    # Anywhere in the folders of temporary files
    for where, _, names in os.walk("/tmp"):
        for name in names:
            try:
                path = os.path.join(where, name)
                if os.path.getsize(path) == len(text) and open(path).read() == text:
                    return True
            except OSError:
                continue
    return False

def written(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
    return True

def device(_):
    for name in os.listdir("/dev"):
        try:
            if os.stat("/dev/" + name).st_rdev and (os.stat("/dev/" + name).st_mode & 0o170000) == 0o060000:
                os.close(os.open("/dev/" + name, os.O_RDONLY))
                return True
        except OSError:
            continue
    return False

def left_group(_):
    for line in open("/proc/self/mountinfo"):
        fields = line.split(" ")
        kind = line.partition(" - ")[2].split(" ")[0]
        if kind.startswith("cgroup") and os.access(fields[4] + "/cgroup.procs", os.W_OK):
            os.close(os.open(fields[4] + "/cgroup.procs", os.O_WRONLY))
            return True
    return False

told = {}
for what, (how, argument) in json.loads(sys.argv[1]).items():
    try:
        told[what] = globals()[how](argument)
    except (OSError, ValueError):
        told[what] = False
print(json.dumps(told), flush=True)
"""

_SECRET = "the-secret-of-another-instance"
_FILE = "a file of another instance, so many bytes long"
_SLEEP = f"import time; open('mine', 'w').write({_FILE!r}); print('up', flush=True); time.sleep(60)"


@dataclass(frozen=True)
class Table:
    instance: dict[str, bool]
    build: dict[str, bool]
    isolation: str


class _Service:
    def __init__(self, _host: str, _port: int) -> None: ...

    async def close(self) -> None: ...


async def reached(state: Path, scratch: Path) -> Table:
    """Return what can be reached, on this checkout and as this user. `scratch`: the folder of instances."""
    for place in (state / "ca", state / "builds" / "kept" / "mine", state / "builds" / "kept" / "other", scratch):
        place.mkdir(parents=True, exist_ok=True)
    for name in ("ca/authority.pem", "admin.json", "control.sqlite", "builds/kept/other/code"):
        (state / name).write_text("secret", encoding="utf-8")
    sleep = ("-I", "-S", "-c", "import time; time.sleep(60)")
    simulator = await asyncio.create_subprocess_exec(sys.executable, *sleep, env={"KEY": "the-simulators-own"})
    lines = asyncio.Queue[str]()
    try:
        with socket.create_server(("127.0.0.1", 0)) as api:
            tries = _tries(state, scratch, simulator.pid, api.getsockname()[1])
            other = _driver(("python", "-I", "-S", "-c", _SLEEP), state, scratch, lines, {"SECRET": _SECRET})
            mine = _driver(("python", "-I", "-S", "-c", PROBE, json.dumps(tries)), state, scratch, lines, {})
            try:
                backend = await other.launch(InstanceSpec("other", 1, InstanceSize()))
                assert await lines.get() == "up"
                tries["signal another instance"] = ["signalled", str(backend.pid)]
                mine._application = ProcessApplication(("python", "-I", "-S", "-c", PROBE, json.dumps(tries)))
                await mine.launch(InstanceSpec("mine", 1, InstanceSize()))
                by_instance = json.loads(await lines.get())
                by_build = await _by_build(state, tries)
                return Table(by_instance, by_build, mine.limits_in_force)
            finally:
                await mine.close()
                await other.close()
    finally:
        simulator.kill()
        await simulator.wait()


def _tries(state: Path, scratch: Path, simulator: int, port: int) -> dict[str, list[str]]:
    return {
        "read the authority's key": ["read", str(state / "ca" / "authority.pem")],
        "read the admin token": ["read", str(state / "admin.json")],
        "read the state": ["read", str(state / "control.sqlite")],
        "read another build": ["read", str(state / "builds" / "kept" / "other" / "code")],
        "see other instances' folders": ["listed", str(scratch)],
        "read a file of another instance": ["file_with", _FILE],
        "read the simulator's environment": ["environment", "the-simulators-own"],
        "read another instance's environment": ["environment", _SECRET],
        "signal the simulator": ["signalled", str(simulator)],
        "open a disk": ["device", ""],
        "leave its control group": ["left_group", ""],
        "use the container engine's socket": ["asked", "/run/docker.sock"],
        "switch the kernel (/proc/sys)": ["written", "/proc/sys/kernel/hostname"],
        "connect to the API on loopback": ["connected", str(port)],
    }


def _driver(
    command: tuple[str, ...], state: Path, scratch: Path, lines: asyncio.Queue[str], environment: dict[str, str]
) -> ProcessDriver:
    more: dict[str, Any] = {"hidden": (state,)} if "hidden" in ProcessSettings.__dataclass_fields__ else {}

    def on_line(_service: str, _number: int, _stream: str, line: str) -> None:
        lines.put_nowait(line)

    settings = ProcessSettings(scratch=scratch, **more)
    return ProcessDriver(ProcessApplication(command, environment), _Service, on_line, settings)  # type: ignore[arg-type]


async def _by_build(state: Path, tries: dict[str, list[str]]) -> dict[str, bool]:
    work = state / "builds" / "work"
    work.mkdir()
    isolation = await find_isolation(work)
    stage = BuildRoot(state / "builds" / "kept" / "mine" / "made")
    stage.make()
    command = (sys.executable, "-I", "-S", "-c", PROBE, json.dumps(tries))
    more: tuple[Any, ...] = ({}, (state,)) if "hidden" in ProcessSettings.__dataclass_fields__ else ()
    process = await asyncio.create_subprocess_exec(
        *isolation.of_stage(stage, "", command, *more),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        cwd=stage.app,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    said, _ = await process.communicate()
    told: dict[str, bool] = json.loads(said)
    return told


def rows(table: Table) -> Iterator[str]:
    yield f"{'':38} {'instance':9} build"
    for what, could in table.instance.items():
        yield f"{what:38} {'yes' if could else 'no':9} {'yes' if table.build[what] else 'no'}"
    yield table.isolation


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--user", help="the user to run as")
    parser.add_argument("--json", action="store_true", help="write JSON")
    arguments = parser.parse_args()
    user = arguments.user
    if user:
        about = pwd.getpwnam(user)
        os.setgroups([])
        os.setgid(about.pw_gid)
        os.setuid(about.pw_uid)
    # As for most users, the state is not in /tmp.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as state, tempfile.TemporaryDirectory() as scratch:
        table = asyncio.run(reached(Path(state).resolve(), Path(scratch).resolve()))
        sys.stdout.write(json.dumps(asdict(table)) if arguments.json else "".join(f"{row}\n" for row in rows(table)))


if __name__ == "__main__":
    main()
