from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from simulator.fleet.replicas.autoscaler import Autoscaler, ScaledRevision, change_configuration
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.times import RunTime
from simulator.records.events import ConfigurationChanged, ScalingDecided, SecondClosed
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from tests.fleet.fakes import Stage, stage_settings
from tests.virtual import rounds, run_virtual, until


class FakePolicy:
    """A policy whose decisions the test sets; it records what it observes."""

    name = "fake"
    actuator = Actuator()

    def __init__(
        self, desired: Callable[[Observation], int | None], *, tick_s: float = 1.0, reacts_to_queue: bool = False
    ) -> None:
        self.tick_s = tick_s
        self.reacts_to_queue = reacts_to_queue
        self.seen: list[str] = []  # `s` and `d` in the order of samples and decisions
        self.samples: list[Sample] = []
        self.observations: list[Observation] = []
        self._desired = desired

    def observe(self, sample: Sample) -> None:
        self.seen.append("s")
        self.samples.append(sample)

    def decide(self, observation: Observation) -> Decision | None:
        self.seen.append("d")
        self.observations.append(observation)
        desired = self._desired(observation)
        return None if desired is None else Decision(desired, f"= {desired}", "because", (("x", 1.0),), ("clamped",))


def scaler(stage: Stage, policy: FakePolicy) -> Autoscaler:
    made = Autoscaler(ScaledRevision(stage.pool, stage.replica_set), policy, clock=stage.clock, journal=stage.journal)
    stage.tasks.spawn(made.run(), "autoscaler")
    return made


def decisions(stage: Stage) -> list[ScalingDecided]:
    return [event for event in stage.journal.events if isinstance(event, ScalingDecided)]


@pytest.mark.parametrize(
    ("tick_s", "seen"),
    [
        (1.0, "sd" * 6),
        (2.0, "ssd" * 3),
        (0.5, "dsd" * 6),
        (4.0, "ssssdss"),
    ],
)
def test_a_second_is_observed_before_the_decision_that_may_use_it(tick_s: float, seen: str) -> None:
    async def main() -> str:
        async with Stage() as stage:
            policy = FakePolicy(lambda _: None, tick_s=tick_s)
            scaler(stage, policy)
            await asyncio.sleep(6.25)
            return "".join(policy.seen)

    assert run_virtual(main) == seen


def test_every_second_is_observed_once_and_in_order() -> None:
    async def main() -> None:
        async with Stage() as stage:
            heard: list[Sample] = []
            policy = FakePolicy(lambda _: None)
            stage.journal.subscribe(SecondClosed, lambda closed: heard.append(closed.sample))
            scaler(stage, policy)
            await asyncio.sleep(0.5)
            stage.offer()
            stage.offer()
            await asyncio.sleep(9.75)
            assert [sample.second for sample in policy.samples] == list(range(10))
            assert heard == policy.samples
            first, second = policy.samples[:2]
            assert (first.arrivals, first.rejected, first.in_flight, first.ready) == (2, 1, 0.5, 1)
            assert (second.arrivals, second.rejected, second.in_flight) == (0, 0, 1.0)

    run_virtual(main)


def test_requests_before_the_run_are_not_observed() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.replica_set.begin()
        stage.offer()
        await asyncio.sleep(100)
        stage.answer(stage.exchanges[0])
        stage.clock.start()
        policy = FakePolicy(lambda _: None)
        scaler(stage, policy)
        await asyncio.sleep(1.5)
        assert (policy.samples[0].arrivals, policy.samples[0].in_flight) == (0, 0.0)
        await stage.close()

    run_virtual(main)


def test_a_decision_sets_the_desired_count_and_is_recorded_with_its_reason() -> None:
    async def main() -> None:
        async with Stage() as stage:
            scaler(stage, FakePolicy(lambda _: 3))
            await asyncio.sleep(1.5)
            assert stage.replica_set.desired == len(stage.pool.ready) == 3
            assert decisions(stage) == [
                ScalingDecided(RunTime(1.0), "web", "fake", 1, 3, "= 3", "because", (("x", 1.0),), ("clamped",))
            ]

    run_virtual(main)


def test_a_decision_that_changes_nothing_is_counted_and_not_recorded() -> None:
    async def main() -> None:
        async with Stage() as stage:
            made = scaler(stage, FakePolicy(lambda _: 2))
            await asyncio.sleep(5.5)
            assert made.decisions == 5
            assert len(decisions(stage)) == 1

    run_virtual(main)


def test_no_decision_changes_nothing() -> None:
    async def main() -> None:
        async with Stage() as stage:
            made = scaler(stage, FakePolicy(lambda _: None))
            await asyncio.sleep(5.5)
            assert (made.decisions, stage.replica_set.desired, decisions(stage)) == (0, 1, [])

    run_virtual(main)


def test_a_policy_sees_the_service_as_it_is() -> None:
    async def main() -> None:
        settings = stage_settings(2, wait_s=100, queue=10)
        async with Stage(settings, Actuator(start_lag_s=100)) as stage:
            policy = FakePolicy(lambda _: 4)
            scaler(stage, policy)
            for _ in range(5):
                stage.offer()
            await asyncio.sleep(2.5)
            seen = policy.observations[1]
            assert (seen.now_s, seen.ready, seen.coming, seen.in_flight, seen.waiting) == (2.0, 1, 3, 2, 3)
            assert seen.scaling is settings.scaling

    run_virtual(main)


def test_a_policy_with_the_queue_trigger_decides_when_a_request_waits() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=0, least=0, wait_s=60, queue=10)) as stage:
            policy = FakePolicy(lambda seen: seen.waiting + seen.in_flight, reacts_to_queue=True)
            scaler(stage, policy)
            await asyncio.sleep(0.25)
            stage.offer()
            stage.offer()
            await until(lambda: stage.begun == [0, 1])
            assert stage.loop.time() == 0.25
            assert [event.at_s for event in decisions(stage)] == [0.25, 0.25]

    run_virtual(main)


def test_a_policy_without_the_queue_trigger_does_not() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=0, least=0, wait_s=60, queue=10)) as stage:
            policy = FakePolicy(lambda _: 1)
            scaler(stage, policy)
            stage.offer()
            await rounds(10)
            assert policy.seen == []

    run_virtual(main)


def test_a_changed_configuration_is_recorded_and_keeps_what_is_not_named() -> None:
    async def main() -> None:
        async with Stage(stage_settings(5, least=1, most=10)) as stage:
            await asyncio.sleep(7)
            change_configuration(
                stage.replica_set,
                max_concurrency=None,
                min_size=2,
                max_size=None,
                clock=stage.clock,
                journal=stage.journal,
            )
            await until(lambda: len(stage.pool.ready) == 2)
            assert stage.pool.scaling == AutoScalingConfiguration(5, 2, 10)
            events = [event for event in stage.journal.events if isinstance(event, ConfigurationChanged)]
            assert events == [ConfigurationChanged(RunTime(7.0), "web", 5, 2, 10)]

    run_virtual(main)


def test_a_configuration_that_does_not_fit_changes_nothing() -> None:
    async def main() -> None:
        async with Stage(stage_settings(5, least=1, most=10)) as stage:
            before = stage.pool.scaling
            with pytest.raises(ValueError, match="min_size = 20, must not exceed max_size = 10"):
                change_configuration(
                    stage.replica_set,
                    max_concurrency=7,
                    min_size=20,
                    max_size=None,
                    clock=stage.clock,
                    journal=stage.journal,
                )
            assert stage.pool.scaling is before

    run_virtual(main)


@pytest.mark.parametrize(("tick_s", "seen"), [(1.0, "sdsdsd"), (2.0, "ssds"), (8.0, "sss")])
def test_another_policy_decides_at_its_own_next_tick(tick_s: float, seen: str) -> None:
    async def main() -> tuple[str, str, float]:
        async with Stage() as stage:
            before, after = FakePolicy(lambda _: None), FakePolicy(lambda _: None, tick_s=tick_s, reacts_to_queue=True)
            after.actuator = Actuator(start_lag_s=3.0)
            made = scaler(stage, before)
            await asyncio.sleep(2.25)
            made.follow(after)
            await asyncio.sleep(3.0)
            return "".join(before.seen), "".join(after.seen), stage.replica_set.actuator.start_lag_s

    # The second that had begun is observed by the new policy.
    assert run_virtual(main) == ("sdsd", seen, 3.0)


def test_two_revisions_are_measured_together_and_scaled_to_the_same_count() -> None:
    async def main() -> None:
        async with Stage() as old, Stage() as new:
            used_s = {"old": 0.0, "new": 100.0}
            policy = FakePolicy(lambda observation: 2 if observation.now_s >= 3 else None)
            first = ScaledRevision(old.pool, old.replica_set, lambda: used_s["old"], lambda: 10.0)
            made = Autoscaler(first, policy, clock=old.clock, journal=old.journal)
            old.tasks.spawn(made.run(), "autoscaler")
            await asyncio.sleep(1.5)
            made.turn_to(first, ScaledRevision(new.pool, new.replica_set, lambda: used_s["new"], lambda: 5.0))
            used_s.update(old=1.0, new=101.0)
            await asyncio.sleep(1.0)
            # one instance each; the CPU seconds from before the second revision joined are not counted
            together = policy.samples[-1]
            assert (together.ready, together.cpu_s, together.memory_bytes) == (2, 2.0, 15.0)
            assert policy.observations[-1].ready == 2
            await asyncio.sleep(1.5)
            assert (old.replica_set.desired, new.replica_set.desired) == (2, 2)
            made.turn_to(ScaledRevision(new.pool, new.replica_set))
            await asyncio.sleep(2.0)
            assert policy.samples[-1].ready == 2

    run_virtual(main)
