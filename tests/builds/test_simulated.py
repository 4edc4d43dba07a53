from __future__ import annotations

import asyncio

import numpy as np
import pytest

from simulator.builds.artifact import BuildFailed, CodeValues, SourceDescription
from simulator.builds.simulated import SimulatedBuilder
from simulator.model.resources.phase import Phase
from simulator.world.clock import ClockKind, run
from simulator.world.distributions import Constant
from tests.builds.steps import HeardSteps

SOURCE = SourceDescription("https://github.com/example/shop", "main", values=CodeValues("GO_1", "", "./shop -v"))


def builder() -> SimulatedBuilder:
    return SimulatedBuilder(np.random.Generator(np.random.PCG64(1)), Constant(90.0), Constant(5.0))


def test_a_simulated_build_takes_its_duration_and_logs_its_phases() -> None:
    steps = HeardSteps()

    async def main() -> tuple[float, float, bool]:
        built = await builder().build(SOURCE, steps)
        assert built.command == ("./shop", "-v")
        return asyncio.get_running_loop().time(), built.duration_s, built.from_cache

    began_and_ended = run(ClockKind.VIRTUAL, main)
    assert began_and_ended[1:] == (90.0, False)
    assert steps.phases == [Phase.SOURCE_PULLED, Phase.BUILDING]


def test_a_commit_that_was_built_before_takes_no_time() -> None:
    async def main() -> None:
        loop, simulated = asyncio.get_running_loop(), builder()
        first = await simulated.build(SOURCE, HeardSteps())
        at_s = loop.time()
        again = await simulated.build(SOURCE, HeardSteps(), first.commit)
        assert (loop.time() - at_s, again.commit, again.from_cache) == (0.0, first.commit, True)

    run(ClockKind.VIRTUAL, main)


def test_a_configured_build_failure_happens_once() -> None:
    async def main() -> None:
        simulated = builder()
        simulated.failures.append("exit status 1.")
        with pytest.raises(BuildFailed, match="exit status 1"):
            await simulated.build(SOURCE, HeardSteps())
        assert (await simulated.build(SOURCE, HeardSteps())).commit == f"{2:040x}"

    run(ClockKind.VIRTUAL, main)
