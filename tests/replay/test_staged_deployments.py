"""Deployments with stages in a run: the traffic of each stage, the rollbacks, the length, and the failures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulator.edge.live.live_settings import LiveSettings
from simulator.records.events import EventLogged
from simulator.records.instance_time import InstanceTime
from simulator.records.request_log import Chunk
from simulator.replay.runner import Run, play
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, read_scenario

# The old version takes 100 ms, the new one 200 ms, so that the latency names the version.
TEXT = """
duration: {duration}
seed: 3
services:
  web:
    min_size: 2
    max_size: 4
    policy: {{name: target-tracking, start_lag: 45s}}
    deployment: {deployment}
    application: {{simulated: {{io: 100ms, cpu: 1ms}}}}
traffic: [{{clock: {{rate: {rate}}}}}]
timeline: {timeline}
"""
NEW = "{{at: {at}, deploy: {{application: {{simulated: {{io: 200ms, cpu: 1ms{more}}}}}{fails}}}}}"


def new(at: str = "60s", more: str = "", fails: str = "") -> str:
    return NEW.format(at=at, more=more, fails=fails and f", fails: {fails}")


def scenario(*deployed: str, deployment: str = "canary", duration: str = "16m", rate: str = "20/s") -> ScenarioSpec:
    timeline = f"[{', '.join(deployed or (new(),))}]"
    return read_scenario(TEXT.format(duration=duration, deployment=deployment, rate=rate, timeline=timeline))


class Played:
    def __init__(self, given: ScenarioSpec, live: LiveSettings | None = None) -> None:
        run = Run(given, live)
        chunks: list[Chunk] = []
        run.journal.subscribe(Chunk, chunks.append)
        play(run, signals=False)
        self.times = InstanceTime("web", run.journal.events)
        self.lines = [(event.at_s, event.line) for event in run.journal.events if isinstance(event, EventLogged)]
        self.rows = [
            (float(at_s), float(latency_s), int(status))
            for chunk in chunks
            for at_s, latency_s, status in zip(chunk.intended_s, chunk.latency_s, chunk.status, strict=True)
        ]

    def at_s(self, part: str) -> float:
        """Return the time of the first line with `part`."""
        return next(at_s for at_s, line in self.lines if part in line)

    def has(self, part: str) -> bool:
        return any(part in line for _, line in self.lines)

    def new_share(self, begin_s: float, end_s: float) -> float:
        """Return the share of the requests sent in [begin_s, end_s) that the new version answered."""
        latencies = [latency_s for at_s, latency_s, status in self.rows if begin_s <= at_s < end_s and status == 200]
        return sum(latency_s > 0.15 for latency_s in latencies) / len(latencies)

    @property
    def failed(self) -> int:
        return sum(status != 200 for *_, status in self.rows)


def test_a_canary_gets_its_share_for_its_bake_time_and_then_everything() -> None:
    played = Played(scenario())
    # By hand: 45 s of start lag, then two bakes of 180 s, then 300 s of deregistration.
    canary_s, whole_s = 60 + 45, 60 + 45 + 180
    assert played.new_share(0, canary_s) == 0
    # 3,600 requests: the standard deviation of the share is 0.36 %
    assert played.new_share(canary_s, whole_s) == pytest.approx(0.05, abs=0.015)
    assert played.new_share(whole_s, 960) == 1
    assert played.at_s("CLEAN_UP") == pytest.approx(whole_s + 180)
    assert played.at_s("SUCCESSFUL") == pytest.approx(whole_s + 180 + 300, abs=1)
    assert played.failed == 0


def test_both_revisions_have_the_full_size_until_the_old_one_is_deregistered() -> None:
    played = Played(scenario())
    provisioned = played.times.provisioned
    # two of each revision from the start of the new ones until the old ones stop, 300 s after the second bake
    counts = {at_s: provisioned.at(at_s) for at_s in (59, 106, 284, 464, 760, 770)}
    assert counts == {59: 2, 106: 4, 284: 4, 464: 4, 760: 4, 770: 2}


@pytest.mark.parametrize(
    ("settings", "ends_s"),
    [
        ("{strategy: canary, canary_bake: 30s, bake: 10s, deregistration_delay: 20s}", 60 + 45 + 30 + 10 + 20),
        ("{strategy: canary, canary_bake: 30s, bake: 10s, whole_delay: false}", 60 + 45 + 30 + 10),
        ("revision-swap", 60 + 45),
    ],
)
def test_the_length_is_the_sum_of_the_stages(settings: str, ends_s: float) -> None:
    played = Played(scenario(deployment=settings, duration="4m"))
    # requests in progress, of 100 ms, may end after their deregistration
    assert ends_s <= played.at_s("SUCCESSFUL") <= ends_s + 0.2
    assert played.failed == 0


@pytest.mark.slow
def test_over_real_sockets_the_stages_are_the_same(tmp_path: Path) -> None:
    """The new version takes 2 s, so that an answer names its version however slow the machine is."""
    settings = "{strategy: canary, canary_share: 50 %, canary_bake: 4s, bake: 3s, deregistration_delay: 2s}"
    text = (
        TEXT.format(duration="20s", deployment=settings, rate="20/s", timeline=f"[{new('1s')}]")
        .replace("start_lag: 45s", "start_lag: 1s")
        .replace("200ms", "2s")
    )
    played = Played(read_scenario(text), LiveSettings(tmp_path))
    stages = ("SCALE_UP", "50 % of the requests", "BAKE_TIME", "CLEAN_UP", ": SUCCESSFUL")
    times = [played.at_s(stage) for stage in stages]
    assert times == sorted(times)
    assert times[2] - times[1] >= 4
    assert times[3] - times[2] >= 3
    assert times[4] - times[3] >= 2
    answered = [(at_s, latency_s >= 2.0) for at_s, latency_s, _ in played.rows]
    assert not any(is_new for at_s, is_new in answered if at_s < times[0])
    assert {is_new for at_s, is_new in answered if times[1] < at_s < times[2]} == {True, False}
    assert all(is_new for at_s, is_new in answered if at_s > times[2] + 0.1)
    assert played.failed == 0


def test_a_version_that_answers_with_errors_is_rolled_back_by_the_alarm() -> None:
    played = Played(scenario(new(more=", failure_share: 30 %")))
    shift_s = 60 + 45
    rolled_back_s = played.at_s("ROLLBACK_IN_PROGRESS")
    # two points of whole minutes after the shift
    assert shift_s + 60 <= rolled_back_s <= shift_s + 120
    assert rolled_back_s == 180
    assert played.new_share(rolled_back_s + 1, 960) == 0
    assert played.has("ROLLBACK_SUCCESSFUL")
    # about 75 s x 20/s x 5 % x 30 %
    assert 8 <= played.failed <= 40


def test_errors_below_the_share_of_the_alarm_and_an_alarm_that_is_off_roll_nothing_back() -> None:
    few = Played(
        scenario(new(more=", failure_share: 0.2 %"), deployment="{strategy: canary, deregistration_delay: 0s}")
    )
    assert few.has(": SUCCESSFUL")
    off = "{strategy: canary, rollback_alarm: off, deregistration_delay: 0s}"
    assert Played(scenario(new(more=", failure_share: 30 %"), deployment=off)).has(": SUCCESSFUL")


def test_the_alarm_over_the_whole_service_does_not_see_a_canary_with_few_errors() -> None:
    """10 % of 5 % are half a per cent of the service, below 1 %; all traffic is above it."""
    whole = "{strategy: canary, rollback_alarm: {scope: service}}"
    played = Played(scenario(new(more=", failure_share: 10 %"), deployment=whole))
    all_s = 60 + 45 + 180
    assert all_s < played.at_s("ROLLBACK_IN_PROGRESS") <= all_s + 180
    own = Played(scenario(new(more=", failure_share: 10 %")))
    assert own.at_s("ROLLBACK_IN_PROGRESS") <= all_s


@pytest.mark.parametrize("fails", ["start", "pull"])
def test_a_version_that_never_starts_is_given_up_by_the_circuit_breaker(fails: str) -> None:
    played = Played(scenario(new(fails=fails)))
    assert played.has("ROLLBACK_IN_PROGRESS: 3 starts in a row failed")
    assert played.new_share(0, 960) == 0
    assert played.failed == 0


def test_without_the_circuit_breaker_the_deployment_goes_on() -> None:
    played = Played(scenario(new(fails="start"), deployment="{strategy: canary, circuit_breaker: off}"))
    assert not played.has("ROLLBACK")
    assert played.failed == 0


def test_a_newer_deployment_replaces_the_one_in_progress() -> None:
    played = Played(scenario(new("60s", more=", failure_share: 30 %"), new("120s")))
    assert played.at_s("A newer deployment replaces") == 120
    assert played.at_s(": SUCCESSFUL") == pytest.approx(120 + 45 + 180 + 180 + 300, abs=1)
    assert played.new_share(121, 164) == 0


@pytest.mark.parametrize("strategy", ["app-runner", "revision-swap"])
def test_new_instances_start_with_the_stages_of_the_platform(strategy: str) -> None:
    """Container Apps: decision, placement and container start take 14.4 to 25.4 s, probe and registration 1 to 3 s."""
    text = (
        TEXT.format(duration="2m", deployment=strategy, rate="20/s", timeline=f"[{new()}]")
        .replace("{name: target-tracking, start_lag: 45s}", "container-apps")
        .replace("seed: 3", "seed: 3\noperations: {time_profile: instant}")
    )
    played = Played(read_scenario(text))
    first_s = min(at_s for at_s, latency_s, _ in played.rows if latency_s > 0.15)
    assert 60 + 14.4 <= first_s <= 60 + 25.4 + 3 + 0.2
    assert played.failed == 0


def test_a_scale_in_while_the_new_instances_start_does_not_hold_the_deployment_up() -> None:
    text = TEXT.format(
        duration="5m", deployment="revision-swap", rate="2/s", timeline=f"[{new(more=', start_up: 45s')}]"
    )
    schedule = "{name: scheduled, schedule: [{at: 0s, instances: 4}, {at: 80s, instances: 2}]}"
    played = Played(read_scenario(text.replace("{name: target-tracking, start_lag: 45s}", schedule)))
    assert 60 + 45 <= played.at_s("SUCCESSFUL") <= 60 + 45 + 5
    assert played.times.provisioned.at(200) == 2
    assert played.failed == 0


def test_the_same_scenario_gives_the_same_run() -> None:
    first, second = Played(scenario()), Played(scenario())
    assert first.rows == second.rows
    assert first.lines == second.lines


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("canaries", "canary"),
        ("{strategy: revision-swap, bake: 1 min}", "must be canary for bake"),
        ("{strategy: canary, canary_share: 0}", "must be above 0 %"),
        ("{strategy: canary, rollback_alarm: {points: 4}}", "points = 4, must be 1 to periods = 3"),
    ],
)
def test_bad_settings_are_named(settings: Any, expected: str) -> None:
    with pytest.raises(ScenarioError, match="deployment") as caught:
        scenario(deployment=settings)
    assert expected in str(caught.value)
