"""A revision of a service in virtual time: its random streams, its variables, and all ways in which it ends."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from simulator.assembly.composition import compose_platform
from simulator.fleet.credentials.secrets import SecretsPlace
from simulator.fleet.exchange import PooledExchange
from simulator.fleet.ports import LaunchError
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.model.rejection import Rejection
from simulator.model.wire_fault import FaultKind, WireFault
from simulator.platform.revision import Revision, ServicePlan
from simulator.records.events import InstanceReported
from simulator.rules.policies.fixed import FixedParameters, FixedPolicy
from simulator.world.distributions import Constant
from simulator.world.random_streams import RandomStreams
from simulator.world.running_loop import running_loop
from tests.fleet.fakes import stage_settings
from tests.virtual import run_virtual

WORK_S = 5.0


def plan_of(*, drain_timeout_s: float = 60.0, instances: int = 2) -> ServicePlan:
    settings = stage_settings(initial=instances, least=instances, drain_timeout_s=drain_timeout_s)
    policy = FixedPolicy(FixedParameters(), settings.scaling)
    return ServicePlan(settings, policy, SimulatedApplication(io=Constant(WORK_S)))


class Request(PooledExchange):
    """A request whose outcome is counted."""

    def __init__(self, revision: Revision, outcomes: Counter[int]) -> None:
        super().__init__(running_loop().time())
        self._revision, self._outcomes = revision, outcomes
        revision.draw(self)
        revision.upstream.offer(self)

    def answered(self, status: int) -> None:
        self._revision.upstream.finish(self)
        self._outcomes[status] += 1

    def fail(self, rejection: Rejection) -> None:
        self._outcomes[rejection.status] += 1


def with_revision(test: Callable[[Revision], Awaitable[None]], plan: ServicePlan | None = None) -> None:
    async def main() -> None:
        platform = compose_platform((), RandomStreams(7))
        platform.start()
        revision = Revision(plan or plan_of(), platform, 1, count(1))
        await test(revision)
        await revision.end()
        await platform.close()

    run_virtual(main)


def states(revision: Revision) -> list[str]:
    return [str(instance.state) for instance in revision.replica_set.instances.values()]


def test_it_begins_with_its_initial_instances() -> None:
    async def test(revision: Revision) -> None:
        assert states(revision) == []
        await revision.begin()
        assert states(revision) == ["active", "active"]

    with_revision(test)


def test_later_revisions_have_random_streams_of_their_own() -> None:
    async def main() -> None:
        platform = compose_platform((), RandomStreams(7))
        drawn = []
        for number in (1, 1, 2):
            revision = Revision(plan_of(), platform, number, count(1))
            drawn.append([revision._faults._draw() for _ in range(3)])
            await revision.end()
        assert drawn[0] == drawn[1] != drawn[2]
        await platform.close()

    run_virtual(main)


def test_finish_waits_for_the_requests_in_progress_and_keeps_the_instances() -> None:
    async def test(revision: Revision) -> None:
        loop, outcomes = asyncio.get_running_loop(), Counter[int]()
        await revision.begin()
        Request(revision, outcomes)
        began_s = loop.time()
        await revision.finish("a newer revision serves")
        assert loop.time() - began_s == pytest.approx(WORK_S)
        assert outcomes == {200: 1}
        assert "stopped" not in states(revision)
        revision.recall()
        Request(revision, outcomes)
        await asyncio.sleep(WORK_S + 1)
        assert outcomes == {200: 2}

    with_revision(test)


def test_finish_waits_no_longer_than_the_drain_timeout() -> None:
    async def test(revision: Revision) -> None:
        loop = asyncio.get_running_loop()
        await revision.begin()
        Request(revision, Counter())
        began_s = loop.time()
        await revision.finish("a newer revision serves")
        assert loop.time() - began_s == pytest.approx(2.0)

    with_revision(test, plan_of(drain_timeout_s=2.0))


def test_drain_answers_the_requests_in_progress_and_stops_all_instances() -> None:
    async def test(revision: Revision) -> None:
        outcomes = Counter[int]()
        await revision.begin()
        Request(revision, outcomes)
        assert not revision.has_ended
        await revision.drain("the service is paused")
        assert outcomes == {200: 1}
        assert states(revision) == ["stopped", "stopped"]
        assert revision.has_ended

    with_revision(test)


def test_end_fails_the_requests_in_progress_and_may_be_repeated() -> None:
    async def test(revision: Revision) -> None:
        loop, outcomes = asyncio.get_running_loop(), Counter[int]()
        await revision.begin()
        Request(revision, outcomes)
        await revision.end()
        await revision.end()
        assert outcomes == {503: 1}
        assert loop.time() < WORK_S
        assert states(revision) == ["stopped", "stopped"]

    with_revision(test)


def test_delays_of_starts_are_followed_for_this_revision_only_until_the_end() -> None:
    async def test(revision: Revision) -> None:
        lines: list[str] = []
        stop = revision.follow_starts(lines.append)
        journal = revision._journal
        for service, number, line, is_start in (
            ("web", 1, "no answer", True),
            ("web", 1, "it keeps failing", False),
            ("web", 2, "of another revision", True),
            ("api", 1, "of another service", True),
        ):
            journal.publish(InstanceReported(service, number, line, is_start))
        stop()
        journal.publish(InstanceReported("web", 1, "too late", is_start=True))
        assert lines == ["no answer"]

    with_revision(test)


def test_wire_faults_are_disabled_after_the_last_was_removed() -> None:
    async def test(revision: Revision) -> None:
        first, second = (revision.add_fault(WireFault(FaultKind.LATENCY, delay_s=1.0)) for _ in range(2))
        revision.remove_fault(first)
        assert revision.upstream.faults is not None
        revision.remove_fault(second)
        assert revision.upstream.faults is None

    with_revision(test)


# --- variables -----------------------------------------------------------------------------------------------------


def with_secrets(file: Path, **secrets: str) -> ServicePlan:
    variables = {"OWN": "of the simulator", "BOTH": "of the simulator"}
    return replace(plan_of(), secrets=secrets, variables=variables, secrets_from=SecretsPlace(file))


def test_simulated_instances_get_no_secrets(tmp_path: Path) -> None:
    async def test(revision: Revision) -> None:
        await revision.prepare()  # the file does not exist, and is not read
        assert revision.of_instance(1) == {"OWN": "of the simulator", "BOTH": "of the simulator"}

    with_revision(test, with_secrets(tmp_path / "none.yaml", KEY="password"))


def test_real_instances_get_the_secrets_which_override_the_simulators_own_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(revision: Revision) -> None:
        monkeypatch.setattr(type(revision.driver), "takes_variables", True)
        await revision.prepare()
        assert revision.of_instance(1) == {"OWN": "of the simulator", "BOTH": "secret", "KEY": "secret"}

    file = tmp_path / "secrets.yaml"
    file.write_text("password: secret\n")
    with_revision(test, with_secrets(file, KEY="password", BOTH="password"))


def test_a_secret_that_is_missing_is_an_error_of_the_start_without_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(revision: Revision) -> None:
        monkeypatch.setattr(type(revision.driver), "takes_variables", True)
        with pytest.raises(LaunchError, match=r"service web: .*KEY") as caught:
            await revision.begin()
        assert "secret-value" not in str(caught.value)
        assert states(revision) == []

    file = tmp_path / "secrets.yaml"
    file.write_text("other: secret-value\n")
    with_revision(test, with_secrets(file, KEY="password"))
