"""What runs in an instance, as a value; a driver of the same kind launches it."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.world.laws import Constant, Law

NOTHING = Constant(0.0)


@dataclass(frozen=True, slots=True)
class SimulatedApplication:
    """An application as laws in seconds. `workers` None = no limit; `failure_share` of the answers have status 500."""

    start_up: Law = NOTHING
    cpu: Law = NOTHING
    io: Law = NOTHING
    workers: int | None = None
    failure_share: float = 0.0
    # ASSUMPTION: giving an idle instance its CPU back takes time that nobody has published (R#105 says "slower").
    wake_s: float = 0.0
