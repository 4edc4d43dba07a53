"""A simulator that kills itself at its nth step with a lasting effect: `python -m tests.live.crash_points`.

Steps are the calls that Python reports to its audit hooks: folders and files created or removed, control groups written
to, sockets bound, processes started. Immediately before the nth step, and so immediately after the previous one, the
process ends as by `kill -9`. It uses asyncio's event loop: uvloop creates processes and sockets without audit events.

Arguments: the working folder, which contains `source`; n, to try every nth step; and `guard` to kill the guard too.
Each try is a fork; the first one that completes ends the program. Prints the step after which each try ended.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from simulator.fleet.ports import InstanceSpec
from simulator.fleet.process.confinement import sweep as process_sweep
from simulator.fleet.process.driver import ProcessDriver
from simulator.fleet.process.environment import ProcessApplication
from simulator.fleet.process.settings import ProcessSettings
from simulator.model.sizes import InstanceSize

_STEPS = frozenset(("os.mkdir", "os.rmdir", "os.remove", "shutil.rmtree", "socket.bind", "subprocess.Popen"))
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_APPLICATION = """
import os, socket, subprocess, sys, time
server = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])))
subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"], start_new_session=True)
print("up", flush=True)
time.sleep(60)
"""


class _Service:
    def __init__(self, _host: str, _port: int) -> None: ...

    async def close(self) -> None: ...


def play(scratch: Path, last: int, *, guard: bool) -> None:
    """Start an instance and deploy once. The process ends itself at the step `last`, if it reaches it."""
    made: list[str] = []
    # while one thread ends the process at its step, other threads must not complete steps of theirs
    lock = threading.Lock()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _STEPS and not (event == "open" and (arguments[2] or 0) & _WRITES):
            return
        with lock:
            made.append(f"{event} {arguments[0]!s}")
            if len(made) == last:
                told = made[-2] if last > 1 else "nothing"
                os.write(1, f"{last} after {told}\n".encode())
                for child in _children() if guard else ():
                    if process_sweep.__file__ in Path(f"/proc/{child}/cmdline").read_text().split("\0"):
                        os.kill(child, signal.SIGKILL)
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    asyncio.run(_start_and_deploy(scratch))
    os.write(1, f"through {len(made)}\n".encode())


async def _start_and_deploy(scratch: Path) -> None:
    up = asyncio.Queue[str]()

    def driver() -> ProcessDriver:
        application = ProcessApplication(
            ("python", "-I", "-S", "-c", _APPLICATION), working_directory=scratch / "source"
        )
        settings = ProcessSettings(scratch=scratch)
        return ProcessDriver(application, _Service, lambda *line: up.put_nowait(line[3]), settings)  # type: ignore[arg-type]

    old, new = driver(), driver()
    first = await old.launch(InstanceSpec("web", 1, InstanceSize()))
    await up.get()
    await new.launch(InstanceSpec("web", 2, InstanceSize()))
    await up.get()
    await first.stop(1)
    await old.close()
    await new.close()


def _children() -> list[int]:
    told = " ".join(file.read_text() for file in Path("/proc/self/task").glob("*/children"))
    return [int(pid) for pid in told.split()]


def main() -> None:
    scratch, stride, guard = Path(sys.argv[1]), int(sys.argv[2]), "guard" in sys.argv[3:]
    for last in range(1, 1000, stride):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                play(scratch, last, guard=guard)
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            raise SystemExit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
