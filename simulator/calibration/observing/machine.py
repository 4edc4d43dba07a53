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
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_IDLE: Final = (3, 4)  # indexes of idle time and of idle time that waits for I/O
_STEAL: Final = 7  # index of the time that the hypervisor gave to others, in the line `cpu` of /proc/stat

# Above this share of the CPU time given to other machines, what was measured is uncertain.
STEAL_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class MachineReading:
    """The state of the machine at a moment: load average of one minute, CPU ticks of all processors in total, idle and
    stolen, and the CPU seconds of this process.
    """

    load: float
    ticks: int
    idle: int
    stolen: int
    own_s: float

    @classmethod
    def now(cls, proc: Path = _PROC) -> Self:
        """Read it."""
        used = os.times()
        return cls(_load(proc), *_ticks(proc), used.user + used.system)


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


def others_share(before: MachineReading, after: MachineReading, instance_s: float) -> float:
    """Return the CPU time that other programs used between two readings, as a share of all processors; NaN if it is
    unknown. `instance_s`: CPU seconds of the observed instance.
    """
    total_s = (after.ticks - before.ticks) / _TICKS_PER_S
    if total_s <= 0 or math.isnan(instance_s):
        return math.nan
    idle_s = (after.idle - before.idle) / _TICKS_PER_S
    others_s = total_s - idle_s - (after.own_s - before.own_s) - instance_s
    return min(max(others_s / total_s, 0.0), 1.0)


def _load(proc: Path) -> float:
    try:
        return float((proc / "loadavg").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return math.nan


def _ticks(proc: Path) -> tuple[int, int, int]:
    try:
        fields = [int(field) for field in (proc / "stat").read_text(encoding="ascii").splitlines()[0].split()[1:9]]
        return sum(fields), sum(fields[index] for index in _IDLE), fields[_STEAL]
    except (OSError, ValueError, IndexError):
        return 0, 0, 0


def _cpu_model(proc: Path) -> str:
    try:
        found = _MODEL.search((proc / "cpuinfo").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return found[1].strip() if found else ""
