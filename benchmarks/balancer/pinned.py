"""A process pinned to one core: started, awaited, measured, and stopped by its process id."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final, Self

from benchmarks.balancer.places import ADDRESS
from simulator.world.clock import wall_s

_START_S_MAX: Final = 20.0
_LOOK_S: Final = 0.02
_STOP_S_MAX: Final = 10.0
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_KIB: Final = 1024


class Pinned:
    """A process on one core: `with Pinned(...) as process:` runs `command` on `core`, and stops it when the block ends.

    Every program here is one process (with any number of threads), so its `/proc/PID` has all of its usage. Its output
    goes to `log`.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        core: int,
        log: Path,
        environment: Mapping[str, str] | None = None,
        stdin: int | IO[bytes] | None = subprocess.DEVNULL,
        stdout: int | None = None,
    ) -> None:
        self._log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                ["taskset", "--cpu-list", str(core), *map(str, command)],
                stdin=stdin,
                stdout=file if stdout is None else stdout,
                stderr=file,
                env=environment,
            )

    def until_it_listens(self, *ports: int) -> None:
        """Wait until each of `ports` accepts connections.

        Raises:
            RuntimeError: if the process ends, or does not listen in time; the message has its output.
        """
        late_s = wall_s() + _START_S_MAX
        for port in ports:
            while not _accepts(port):
                try:
                    self.process.wait(_LOOK_S)
                except subprocess.TimeoutExpired:
                    if wall_s() < late_s:
                        continue
                written = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
                msg = f"{self.process.args!r} does not listen on port {port}:\n{written}"
                raise RuntimeError(msg)

    def cpu_s(self) -> float:
        """Return the user and system time in seconds of all its threads so far."""
        # After the name, which may contain spaces. utime and stime are fields 14 and 15 of proc(5), counted from 1.
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * _KIB

    def stop(self) -> None:
        """Stop the process. Idempotent."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_STOP_S_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((ADDRESS, port)) == 0
