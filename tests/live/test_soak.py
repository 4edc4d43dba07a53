"""A service under constant load and constant change: the simulator's memory and descriptors do not grow with time.

`python -m tests.live.test_soak --minutes 30` runs the long form and prints one line a cycle.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import linear_regression
from typing import Any, NamedTuple

import psutil
import pytest

from simulator.assembly.control_plane import ControlPlaneSettings
from simulator.assembly.serving import ServingSettings, open_serving
from simulator.edge.live.live_settings import LiveSettings
from simulator.model.times import RunTime
from simulator.platform.applications import ApplicationSettings
from simulator.platform.service_workload import WorkloadSettings
from simulator.traffic.live.client import LoadClient
from simulator.traffic.live.open import OpenLoad
from simulator.traffic.live.request import RequestChoice
from simulator.traffic.live.settings import LoadTarget
from simulator.world.clock import ClockKind, monotonic_s, run
from tests.live.test_deployments import HEALTH, SOURCE, Outcomes
from tests.live.test_serving import Stage
from tests.live.versions import Versions

CYCLES = 12
READS = 50  # DescribeService and ListOperations in each cycle
NEVER_BAD = 1_000_000
PATIENCE_S = 240.0  # a soak runs beside other work: slowness is accepted, a hang is not
# The first third of a run fills caches, pools of connections and the allocator's arenas.
WARM_UP = 1 / 3
# A leak of one request's objects (some 5 KiB) at the rate of this test is over 50 MiB a minute; the caches and arenas
# that still grow in the short form add less than a tenth of that.
MIB_PER_MINUTE_MAX = 10.0


class Sample(NamedTuple):
    """Memory and descriptors of the process at the end of a cycle."""

    at_s: float
    rss_mib: float
    descriptors: int
    children: int


class Soak(NamedTuple):
    samples: list[Sample]
    statuses: Counter[int]

    def mib_per_minute(self) -> float:
        """Slope of the resident memory after the warm-up, by least squares."""
        settled = self.samples[int(len(self.samples) * WARM_UP) :]
        return 60.0 * linear_regression([each.at_s for each in settled], [each.rss_mib for each in settled]).slope


def soak(folder: Path, rate_rps: float, cycles: int, minutes: float = 0.0, *, is_told: bool = False) -> Soak:
    """Run at least so many cycles and minutes.

    Each cycle is a deployment, a pause and resume of a second service, and reads.
    """
    outcomes, versions, samples = Outcomes(), Versions(folder, NEVER_BAD), list[Sample]()

    async def main() -> None:
        serving = await open_serving(
            ServingSettings(
                ControlPlaneSettings(folder / "state", listener=None),
                LiveSettings(folder / "state"),
                WorkloadSettings(startup_probe_s=0.02, stop_grace_s=5.0, settle_s=1.0),
                ApplicationSettings(builder=versions),
            )
        )
        async with serving:
            stage = Stage(serving)
            shop, other = [create(stage, name) for name in ("shop", "other")]
            await settled(stage)
            front = serving.platform.front
            assert front is not None
            began_s = monotonic_s()
            target = LoadTarget(shop["ServiceUrl"], front.https_port, front.client_context())
            client = LoadClient(target, outcomes, began_s, now=monotonic_s)
            load = OpenLoad(client, arrivals(rate_rps))
            try:
                load.start()
                while len(samples) < cycles or monotonic_s() - began_s < 60 * minutes:
                    await one_cycle(stage, shop["ServiceArn"], other["ServiceArn"])
                    samples.append(sampled(monotonic_s() - began_s))
                    if is_told:
                        print(samples[-1], flush=True)  # noqa: T201 a command
                load.stop()
                await client.drained()
            finally:
                await client.close()
            assert not serving.platform.tasks.failed.done()

    run(ClockKind.REAL, main)
    return Soak(samples, outcomes.statuses)


def create(stage: Stage, name: str) -> dict[str, Any]:
    request = {"ServiceName": name, "SourceConfiguration": SOURCE, "HealthCheckConfiguration": HEALTH}
    service: dict[str, Any] = stage.call("CreateService", **request)["Service"]
    return service


async def one_cycle(stage: Stage, shop: str, other: str) -> None:
    stage.call("StartDeployment", ServiceArn=shop)
    stage.call("PauseService", ServiceArn=other)
    await settled(stage)
    stage.call("ResumeService", ServiceArn=other)
    await settled(stage)
    for _ in range(READS):
        assert stage.describe(shop)["Status"] == stage.describe(other)["Status"] == "RUNNING"
        stage.call("ListOperations", ServiceArn=shop)


async def settled(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await stage.serving.plane.api.operations.settled()


def sampled(at_s: float) -> Sample:
    gc.collect()
    own = psutil.Process()
    return Sample(at_s, own.memory_info().rss / 2**20, own.num_fds(), len(own.children()))


def arrivals(rate_rps: float) -> Iterator[tuple[RunTime, RequestChoice, int]]:
    for number in itertools.count():
        yield RunTime(number / rate_rps), RequestChoice(), 0


@pytest.mark.slow
def test_memory_and_descriptors_do_not_grow_with_time(tmp_path: Path) -> None:
    # In a separate process: the memory of a process that ran other tests changes with what these have left.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        done = process.submit(soak, tmp_path, rate_rps=200.0, cycles=CYCLES).result()
    assert set(done.statuses) == {200}
    settled = done.samples[int(len(done.samples) * WARM_UP) :]
    # an instance that is being replaced at this time
    assert max(each.children for each in settled) <= settled[0].children + 2
    assert max(each.descriptors for each in settled) <= 1.5 * settled[0].descriptors
    assert done.mib_per_minute() < MIB_PER_MINUTE_MAX


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second (default: 200)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        result = soak(Path(place), options.rate, CYCLES, options.minutes, is_told=True)
    print(dict(result.statuses), f"{result.mib_per_minute():.3f} MiB a minute")  # noqa: T201 a command
