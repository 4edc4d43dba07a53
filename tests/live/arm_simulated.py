"""Arm of the contract tests for simulated instances, in virtual time."""

from __future__ import annotations

from simulator.fleet.ports import Backend, InstanceSpec
from simulator.fleet.process.throttling import Throttling
from simulator.fleet.simulated.application import Failures, SimulatedApplication
from simulator.fleet.simulated.driver import SimulatedDriver
from simulator.world.distributions import Constant
from simulator.world.random_streams import RandomStreams
from tests.live.contract import ASKED_CODE, FILLED_BYTES, SIZE, SLOW_START_S, START_CODE, STORAGE_BYTES, Behaviour, Test
from tests.virtual import run_virtual

_WAKE_S = 0.02

# The behaviours of the contract as distributions and failures. CHATTY only serves: a simulated instance writes no
# output.
_MEMORY_BYTES = SIZE.memory_mb * 1024**2
_BEHAVIOURS = {
    Behaviour.SLOW: SimulatedApplication(start_up=Constant(SLOW_START_S)),
    Behaviour.CRASHES_AT_START: SimulatedApplication(failures=Failures(crash_at_start=1, exit_code=START_CODE)),
    Behaviour.CRASHES_WHEN_ASKED: SimulatedApplication(failures=Failures(crash_share=1, exit_code=ASKED_CODE)),
    Behaviour.HANGS: SimulatedApplication(failures=Failures(hang_at_start=1)),
    Behaviour.GROWS: SimulatedApplication(failures=Failures(request_memory_bytes=_MEMORY_BYTES + 1)),
    Behaviour.FILLS: SimulatedApplication(failures=Failures(request_storage_bytes=FILLED_BYTES)),
    Behaviour.DEAF: SimulatedApplication(failures=Failures(ignores_sigterm=True)),
    Behaviour.BUSY: SimulatedApplication(cpu=Constant(0.01)),
}
_WORKS = SimulatedApplication(io=Constant(0.01), wake=Constant(_WAKE_S))


class SimulatedArm:
    """Implements `Arm`."""

    runs_a_program = False
    limits_memory = True

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    async def launch(self, behaviour: Behaviour, throttling: Throttling = Throttling.NONE) -> Backend:
        del throttling  # idle simulated instances use no CPU in any case
        driver = SimulatedDriver(_BEHAVIOURS.get(behaviour, _WORKS), RandomStreams(1), "contract", STORAGE_BYTES)
        return await driver.launch(InstanceSpec("contract", 1, SIZE))


def run(test: Test) -> None:
    """Run the test. Nothing exists outside this process, so nothing has to be closed."""
    run_virtual(lambda: test(SimulatedArm()))
