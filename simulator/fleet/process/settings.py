"""Settings of the process driver."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from simulator.fleet.process.limits import PROCESSES_MAX
from simulator.fleet.process.throttling import Throttling
from simulator.model.instance import IDLE_VCPU


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """Settings of the process driver.

    `idle_vcpu`: CPU that Throttling.SHARE leaves to an idle instance. `storage_bytes`: limit of an instance's folder,
    measured every `storage_interval_s`. `processes`: maximum number per instance. `control_groups`, `namespaces`: False
    does without them, as on a machine that has none. `hidden`: folders that no instance sees, mainly the simulator's
    state; `shown`: folders that every instance may read nevertheless. `line_bytes_max`: longer lines are reported in
    pieces (Docker splits at 16 KiB). `scratch`: parent of the driver's folder, the system's temporary folder by
    default.

    Raises:
        ValueError: if a value is out of range.
    """

    throttling: Throttling = Throttling.NONE
    idle_vcpu: float = IDLE_VCPU
    storage_bytes: int = 3 * 1024**3  # facts 5.2
    storage_interval_s: float = 5.0
    # ASSUMPTION: App Runner documents no limit of processes; the value is that of a build. Settled by a program that
    # forks in a loop in an instance of App Runner.
    processes: int = PROCESSES_MAX
    control_groups: bool = True
    namespaces: bool = True
    hidden: tuple[Path, ...] = ()
    shown: tuple[Path, ...] = ()
    line_bytes_max: int = 16 * 1024
    scratch: Path | None = None

    def __post_init__(self) -> None:
        if not 80 <= self.line_bytes_max <= 1024**2:
            msg = f"line_bytes_max = {self.line_bytes_max}, must be 80 to 1048576"
            raise ValueError(msg)
        if not 0.01 <= self.idle_vcpu <= 1:  # the kernel's smallest quota
            msg = f"idle_vcpu = {self.idle_vcpu:g}, must be 0.01 to 1"
            raise ValueError(msg)
        for name in ("storage_bytes", "storage_interval_s", "processes"):
            value = getattr(self, name)
            if value <= 0:
                msg = f"{name} = {value:g}, must be more than 0"
                raise ValueError(msg)
