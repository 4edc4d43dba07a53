"""What runs in an instance, as a value; a driver of the same kind launches it."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.world.laws import Constant, Law

NOTHING = Constant(0.0)


@dataclass(frozen=True, slots=True)
class Failures:
    """How a simulated application fails; shares are 0 to 1.

    `crash_at_start`, `hang_at_start`: of its starts. `crash_share`, `hang_share`: of the requests that it begins to
    work on. A crash ends with `exit_code`; who hangs takes connections and answers nothing any more. `memory_bytes` at
    rest and `request_memory_bytes` for each request at work: more than the size has is the end.
    `request_storage_bytes`: files that each request leaves; more than ephemeral storage has is the end, too.
    `ignores_sigterm`: it has to be killed.

    Raises:
        ValueError: when the exit code is none.
    """

    crash_at_start: float = 0.0
    hang_at_start: float = 0.0
    crash_share: float = 0.0
    hang_share: float = 0.0
    exit_code: int = 1
    memory_bytes: int = 0
    request_memory_bytes: int = 0
    request_storage_bytes: int = 0
    ignores_sigterm: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.exit_code <= 255:
            msg = f"exit_code = {self.exit_code}, must be 0 to 255"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class SimulatedApplication:
    """An application as laws in seconds. `workers` None = no limit; `failure_share` of the answers have status 500.

    `paths`: (path without query, CPU, I/O) of those whose requests have work of their own.
    `exit_code`: with which it ends when its start-up is over, without ever listening; None for one that goes on.
    """

    start_up: Law = NOTHING
    cpu: Law = NOTHING
    io: Law = NOTHING
    workers: int | None = None
    failure_share: float = 0.0
    failures: Failures | None = None
    # ASSUMPTION: giving an idle instance its CPU back takes time that nobody has published (R#105 says "slower").
    wake_s: float = 0.0
    exit_code: int | None = None
    paths: tuple[tuple[str, Law, Law], ...] = ()
