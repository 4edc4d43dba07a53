"""Facts about the machine on which a service is observed, from /proc; unknown where it has none."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from simulator.calibration.observation.observation import MachineFacts

_PROC: Final = Path("/proc")
_MODEL: Final = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)
_STEAL: Final = 7  # index of the time that the hypervisor gave to others, in the line `cpu` of /proc/stat


@dataclass(frozen=True, slots=True)
class MachineReading:
    """The state of the machine at a moment: load average of one minute, CPU ticks in total and stolen."""

    load: float
    ticks: int
    stolen: int

    @classmethod
    def now(cls, proc: Path = _PROC) -> Self:
        """Read it."""
        return cls(_load(proc), *_ticks(proc))


def machine_facts(before: MachineReading, after: MachineReading, proc: Path = _PROC) -> MachineFacts:
    """Return the facts of the machine between two readings."""
    ticks = after.ticks - before.ticks
    return MachineFacts(
        cores=len(os.sched_getaffinity(0)),
        cpu_model=_cpu_model(proc),
        load_before=before.load,
        load_after=after.load,
        steal_share=(after.stolen - before.stolen) / ticks if ticks > 0 else math.nan,
    )


def _load(proc: Path) -> float:
    try:
        return float((proc / "loadavg").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return math.nan


def _ticks(proc: Path) -> tuple[int, int]:
    try:
        fields = (proc / "stat").read_text(encoding="ascii").splitlines()[0].split()[1:9]
        return sum(map(int, fields)), int(fields[_STEAL])
    except (OSError, ValueError, IndexError):
        return 0, 0


def _cpu_model(proc: Path) -> str:
    try:
        found = _MODEL.search((proc / "cpuinfo").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return found[1].strip() if found else ""
