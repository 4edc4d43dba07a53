"""Many deployments under constant load, with real processes: no request fails, whether the versions work or not."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.assembly.control_plane import ControlPlaneSettings
from simulator.assembly.serving import ServingSettings, open_serving
from simulator.edge.live.live_settings import LiveSettings
from simulator.model.times import RunTime
from simulator.platform.applications import ApplicationSettings
from simulator.platform.service_workload import WorkloadSettings
from simulator.records.request_log import RuleNumbers
from simulator.traffic.live.client import LoadClient
from simulator.traffic.live.open import OpenLoad
from simulator.traffic.live.request import RequestChoice
from simulator.traffic.live.settings import LoadTarget
from simulator.world.clock import ClockKind, monotonic_s, run
from tests.live.test_serving import Stage
from tests.live.versions import Kind, Versions

RATE_RPS = 50.0
# A good version listens after a tenth of a second; on a busy machine it may take a hundred times as long.
ALLOWANCE_S = 10.0

SOURCE: dict[str, Any] = {
    "CodeRepository": {
        "RepositoryUrl": "https://github.com/example/app",
        "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"},
        "CodeConfiguration": {
            "ConfigurationSource": "API",
            "CodeConfigurationValues": {"Runtime": "PYTHON_311", "StartCommand": "python3 app.py"},
        },
    }
}
HEALTH = {"Protocol": "HTTP", "Path": "/health", "Interval": 1, "Timeout": 1, "UnhealthyThreshold": 20}

STATUS = dict.fromkeys((Kind.CRASH, Kind.HEALTH, Kind.PORT), "ROLLBACK_SUCCEEDED") | {
    Kind.GOOD: "SUCCEEDED",
    Kind.BUILD: "FAILED",  # no instance was replaced, so nothing is rolled back
}
_CHECK = "Health check failed on protocol `HTTP`[Path: '/health'], [Port: '8080']. Check your configured port number."
SAID = {
    Kind.BUILD: "Failed to build your application source code. Reason: The build command exited with code 1.",
    Kind.CRASH: "Your application stopped or failed to start. See logs for more information. Container exit code: 3",
    Kind.HEALTH: _CHECK,
    Kind.PORT: _CHECK,
}


class Outcomes:
    """Counts how many requests ended with each status."""

    def __init__(self) -> None:
        self.rules = RuleNumbers()
        self.statuses: Counter[int] = Counter()

    def add(self, *row: Any) -> None:
        self.statuses[row[6]] += 1


def deployed_in_a_row(folder: Path, count: int, bad_every: int) -> Counter[int]:
    """Return how many requests ended with each status."""
    outcomes, versions = Outcomes(), Versions(folder, bad_every)

    async def main() -> None:
        serving = await open_serving(
            ServingSettings(
                ControlPlaneSettings(folder / "state", listener=None),
                LiveSettings(folder / "state"),
                WorkloadSettings(startup_probe_s=0.02, stop_grace_s=5.0, settle_s=1.0, startup_allowance_s=ALLOWANCE_S),
                ApplicationSettings(builder=versions),
            )
        )
        async with serving:
            stage = Stage(serving)
            service = stage.call(
                "CreateService", ServiceName="shop", SourceConfiguration=SOURCE, HealthCheckConfiguration=HEALTH
            )["Service"]
            await stage.settled()
            front = serving.platform.front
            assert front is not None
            target = LoadTarget(service["ServiceUrl"], front.https_port, front.client_context())
            client = LoadClient(target, outcomes, monotonic_s(), now=monotonic_s)
            load = OpenLoad(client, arrivals())
            try:
                load.start()
                good = 1
                for version in range(2, count + 2):
                    if await deployed(stage, service["ServiceArn"], versions.kind(version)) is Kind.GOOD:
                        good = version
                    assert await stage.get(service["ServiceUrl"]) == (200, str(good))
                    assert versions.kept[-1:] == [str(version) if version == good else versions.kept[-1]]
                load.stop()
                await client.drained()
            finally:
                await client.close()
            assert not serving.platform.tasks.failed.done()
            [revision] = serving.platform.services["shop"].revisions  # nothing of the bad and the old versions is left
            assert len(revision.replica_set.instances) == 1

    run(ClockKind.REAL, main)
    return outcomes.statuses


def arrivals() -> Iterator[tuple[RunTime, RequestChoice, int]]:
    for number in itertools.count():
        yield RunTime(number / RATE_RPS), RequestChoice(), 0


async def deployed(stage: Stage, arn: str, kind: Kind) -> Kind:
    """Deploy a version to the end. It has the status and the log lines of its kind."""
    made = stage.call("StartDeployment", ServiceArn=arn)["OperationId"]
    await stage.settled()
    newest = stage.call("ListOperations", ServiceArn=arn)["OperationSummaryList"][0]
    assert (newest["Id"], newest["Status"]) == (made, STATUS[kind]), kind
    assert stage.describe(arn)["Status"] == "RUNNING"
    lines = stage.lines(arn, f"deployment/{made}")
    if kind is not Kind.GOOD:
        assert any(line.startswith(f"[AppRunner] {SAID[kind]}") for line in lines), lines
        assert lines[-1] == "[AppRunner] Failed to deploy your application source code."
        assert ("[Build] no such package" in lines) == (kind is Kind.BUILD)
    return kind


@pytest.mark.slow
def test_good_and_bad_deployments_fail_no_request(tmp_path: Path) -> None:
    statuses = deployed_in_a_row(tmp_path, 4, bad_every=2)
    assert set(statuses) == {200}


@pytest.mark.slow
def test_a_hundred_deployments_in_a_row_fail_no_request(tmp_path: Path) -> None:
    statuses = deployed_in_a_row(tmp_path, 100, bad_every=10)
    print(f"statuses: {dict(statuses)}")  # noqa: T201 the figure of the README
    assert set(statuses) == {200}
