"""Builds that take time and have no result: for virtual time, and for scenarios with simulated instances."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from simulator.builds.artifact import BuildArtifact, BuildFailed, BuildSteps, SourceDescription
from simulator.model.resources.phase import Phase
from simulator.world.distributions import Constant, Distribution

# ASSUMPTION: the duration of a build depends on the application; App Runner's source deployments of 15 to 20 minutes
# (facts 2.3) minus the five minutes of an image deployment leave about ten minutes for the build. The log of the real
# build would settle it.
BUILD = Constant(600.0)
PULL = Constant(5.0)  # facts 2.4: "pulled source code" 5 s after the pipeline was created


@dataclass(slots=True)
class SimulatedBuilder:
    """Implements `Builder` without building.

    `pull` and `duration`: distributions in seconds. `failures`: reasons for which the next builds fail, one per build;
    None for a build that succeeds. Commits are build numbers from 1 on; a commit requested again comes from the cache.
    """

    rng: np.random.Generator
    duration: Distribution = BUILD
    pull: Distribution = PULL
    failures: list[str | None] = field(default_factory=list)
    _builds: int = 0

    async def build(self, source: SourceDescription, steps: BuildSteps, commit: str = "") -> BuildArtifact:
        if commit:
            return self._built(source, commit, 0.0)
        self._builds += 1
        number, failure = self._builds, self.failures.pop(0) if self.failures else None
        await asyncio.sleep(float(self.pull.draw(self.rng, 1)[0]))
        await steps.reach(Phase.SOURCE_PULLED)
        await steps.reach(Phase.BUILDING)
        duration_s = float(self.duration.draw(self.rng, 1)[0])
        await asyncio.sleep(duration_s)
        if failure is not None:
            raise BuildFailed(failure)
        return self._built(source, f"{number:040x}", duration_s)

    def keep(self, wanted: Sequence[BuildArtifact]) -> None: ...

    async def close(self) -> None: ...

    @staticmethod
    def _built(source: SourceDescription, commit: str, duration_s: float) -> BuildArtifact:
        values = source.values
        if values is None:
            return BuildArtifact(
                Path(), ("true",), "PYTHON_311", commit, duration_s=duration_s, from_cache=duration_s == 0
            )
        return BuildArtifact(
            Path(),
            tuple(values.start_command.split()),
            values.runtime,
            commit,
            values.port,
            environment=values.variables,
            secrets=values.secrets,
            duration_s=duration_s,
            from_cache=duration_s == 0,
        )
