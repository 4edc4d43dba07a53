"""The contract's simulated arm, in virtual time."""

from __future__ import annotations

from simulator.fleet.application import SimulatedApplication
from simulator.fleet.driver import Backend, InstanceSpec
from simulator.fleet.process_backend import Throttling
from simulator.fleet.simulated import SimulatedBackend, SimulatedDriver
from simulator.world.chance import Chance
from simulator.world.laws import Constant
from tests.live.contract import SIZE, SLOW_START_S, Behaviour, Request, Test
from tests.virtual import run_virtual

_NEVER = Constant(1e9)
_WAKE_S = 0.02

# A law for each behaviour that has one; the others are applications that just work.
_LAWS = {
    Behaviour.SLOW: SimulatedApplication(start_up=Constant(SLOW_START_S)),
    Behaviour.CRASHES_AT_START: SimulatedApplication(start_up=_NEVER),
    Behaviour.HANGS: SimulatedApplication(io=_NEVER),
    Behaviour.BUSY: SimulatedApplication(cpu=Constant(0.01)),
}
_WORKS = SimulatedApplication(io=Constant(0.01), wake_s=_WAKE_S)


class SimulatedArm:
    """Implements `Arm`. A crash is a kill at a moment of the arm's choice, as a timeline's `kill` is."""

    runs_a_program = False
    limits_memory = False

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self._crash_when_asked: SimulatedBackend | None = None

    async def launch(self, behaviour: Behaviour, throttling: Throttling = Throttling.NONE) -> Backend:
        del throttling  # its idle instances compute nothing anyway
        driver = SimulatedDriver(_LAWS.get(behaviour, _WORKS), Chance(1), "contract")
        backend = await driver.launch(InstanceSpec("contract", 1, SIZE))
        if behaviour is Behaviour.CRASHES_AT_START:
            backend.kill()
        if behaviour is Behaviour.CRASHES_WHEN_ASKED:
            self._crash_when_asked = backend
        return backend

    def begin(self, backend: Backend, request: Request) -> None:
        backend.begin(request)
        if backend is self._crash_when_asked:
            backend.kill()


def run(test: Test) -> None:
    """Nothing to close: there was never anything outside this process."""
    run_virtual(lambda: test(SimulatedArm()))
