"""What CloudWatch is told about services: of a run by its seed, of the API by its ARNs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from simulator.assembly.cloudwatch_feed import feed_entries, feed_run, identity_of, run_view, serving_view
from simulator.assembly.composition import compose_platform
from simulator.control.state.log_entries import EntriesAdded, EntryKind, LogEntry
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.model.times import RunTime
from simulator.platform.platform import Platform
from simulator.platform.revision import ServicePlan
from simulator.platform.service_workload import PlatformWorkload
from simulator.records.events import EventLogged, LineLogged, OutputWritten
from simulator.records.journal import Journal
from simulator.rules.policies.fixed import FixedParameters, FixedPolicy
from simulator.telemetry.cloudwatch.exporter import CloudWatch
from simulator.telemetry.cloudwatch.platform_view import ServiceIdentity
from simulator.world.random_streams import RandomStreams
from tests.fleet.fakes import stage_settings
from tests.virtual import run_virtual

ARN = "arn:aws:apprunner:eu-west-1:123456789012:service/shop/0123456789abcdef0123456789abcdef"


class Heard:
    """An exporter that remembers the lines that it is given."""

    def __init__(self) -> None:
        self.lines: list[tuple[ServiceIdentity, str, str, float | None]] = []

    def log(self, identity: ServiceIdentity, stream: str, text: str, at_s: float | None = None) -> None:
        self.lines.append((identity, stream, text, at_s))

    @property
    def cloudwatch(self) -> CloudWatch:
        return cast("CloudWatch", self)


def on_platform(test: Callable[[Platform], Any], *, seed: int = 7, instances: int = 2) -> None:
    """Run the test on a platform with the service `svc`, a minute after its start."""

    async def main() -> None:
        settings = stage_settings(initial=instances, least=instances)
        plan = ServicePlan(settings, FixedPolicy(FixedParameters(), settings.scaling), SimulatedApplication())
        platform = compose_platform((plan,), RandomStreams(seed))
        await platform.open()
        platform.start()
        test(platform)
        await platform.close()

    run_virtual(main)


def service_name(platform: Platform) -> str:
    (name,) = platform.services
    return name


def test_ids_of_a_run_are_those_of_its_seed() -> None:
    told: list[tuple[str, list[str]]] = []

    def look(platform: Platform) -> None:
        name, view = service_name(platform), run_view(platform, "us-west-2")
        identity = view.identity(name)
        assert identity is not None
        assert (identity.name, identity.region) == (name, "us-west-2")
        told.append((identity.service_id, [reading.instance_id for reading in view.readings(name)]))

    for seed in (7, 7, 8):
        on_platform(look, seed=seed)
    assert told[0] == told[1] != told[2]
    service, instances = told[0]
    assert len({service, *instances}) == 3


def test_a_reading_has_the_size_of_the_instance_and_no_age_before_the_run() -> None:
    def look(platform: Platform) -> None:
        readings = run_view(platform, "us-east-1").readings(service_name(platform))
        assert len(readings) == 2
        assert {reading.age_s for reading in readings} == {math.inf}
        assert {reading.size for reading in readings} == {stage_settings().size}
        assert run_view(platform, "us-east-1").readings("absent") == ()

    on_platform(look)


def test_lines_of_a_run_reach_the_streams_of_app_runner() -> None:
    heard = Heard()

    def look(platform: Platform) -> None:
        name, view = service_name(platform), run_view(platform, "us-east-1")
        feed_run(heard.cloudwatch, platform, view)
        platform.journal.record(EventLogged(RunTime(1.0), name, "Health check is successful."))
        platform.journal.publish(LineLogged(name, "deployment/1", "pulled"))
        platform.journal.publish(OutputWritten(name, 2, "stdout", "listening"))
        instance = platform.streams.identifier("instance", name, 2)
        assert [line[1:3] for line in heard.lines] == [
            ("events", "[AppRunner] Health check is successful."),
            ("deployment/1", "pulled"),
            (f"instance/{instance}", "listening"),
        ]
        assert {line[0] for line in heard.lines} == {view.identity(name)}

    on_platform(look)


def test_only_lines_of_services_are_sent_with_their_time() -> None:
    heard, journal = Heard(), Journal()
    feed_entries(heard.cloudwatch, journal)
    line = LogEntry(EntryKind.LOG, 1000.5, "key", ARN, "events", "text")
    others = (replace(line, service=""), *(replace(line, kind=kind) for kind in EntryKind if kind is not EntryKind.LOG))
    journal.publish(EntriesAdded((*others, line)))
    assert heard.lines == [(identity_of(ARN), "events", "text", 1000.5)]


def test_the_identity_of_a_service_of_the_api_is_in_its_arn() -> None:
    assert identity_of(ARN) == ServiceIdentity("shop", "0123456789abcdef0123456789abcdef", "eu-west-1")


class Arns:
    """A workload that knows one service."""

    def arn(self, name: str) -> str | None:
        return ARN if name == "shop" else None

    def instance_id(self, service_arn: str, number: int) -> str:
        return f"{service_arn}-{number}"


@pytest.mark.parametrize(("name", "expected"), [("shop", identity_of(ARN)), ("absent", None)])
def test_a_service_of_the_api_has_the_identity_of_its_arn(name: str, expected: ServiceIdentity | None) -> None:
    def look(platform: Platform) -> None:
        view = serving_view(platform, cast("PlatformWorkload", Arns()))
        assert view.identity(name) == expected
        readings = view.readings(service_name(platform))
        assert [reading.instance_id for reading in readings] == ["web-1", "web-2"]

    on_platform(look)
