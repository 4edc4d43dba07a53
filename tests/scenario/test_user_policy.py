"""A user's own policy: it runs, and its errors are reported as errors of its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.times import RunTime
from simulator.records.events import EventLogged, ScalingDecided
from simulator.replay.runner import BrokenRun, Run, play
from simulator.report.report import RunRecord
from simulator.rules.policies.port import Actuator, Observation, Sample
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.scenario.user_policy import ERRORS_SHOWN, GuardedPolicy, PolicyFailed, UserPolicyError, user_policy_kind

SCENARIO = """
duration: 30s
services:
  web:
    max_concurrency: 2
    min_size: 1
    max_size: 4
    policy: {name: app-runner, start_lag: 3s}
    application: {simulated: {io: 100ms}}
traffic:
  - clock: {rate: 10/s}
"""
STEPS = """
class Steps:
    '''Three instances from the fifth second on.'''
    tick_s = 5.0

    def decide(self, observation):
        return 3
"""
SCALING = AutoScalingConfiguration(max_concurrency=2, min_size=1, max_size=4)
ACTUATOR = Actuator(start_lag_s=3.0)
NOW = Observation(now_s=12.0, ready=1, coming=0, in_flight=1, waiting=0, scaling=SCALING)


def written(folder: Path, text: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def asked(folder: Path, text: str, class_name: str, on_error: OnPolicyError = OnPolicyError.STOP) -> ScenarioSpec:
    return read_scenario(SCENARIO).with_policy(f"{written(folder, text)}:{class_name}", on_error)


def decisions(record: RunRecord) -> list[ScalingDecided]:
    return [event for event in record.events if isinstance(event, ScalingDecided)]


def guarded(folder: Path, body: str, on_error: OnPolicyError = OnPolicyError.STOP) -> GuardedPolicy:
    text = f"class Mine:\n    def decide(self, observation):\n        {body}\n"
    kind = user_policy_kind(f"{written(folder, text)}:Mine", ACTUATOR, on_error)
    policy = kind.build(kind.parameters(), SCALING)
    assert isinstance(policy, GuardedPolicy)
    return policy


def test_the_policy_decides_on_its_own_tick_with_the_delay_of_the_replaced_one(tmp_path: Path) -> None:
    record = play(Run(asked(tmp_path, STEPS, "Steps")))
    (decision,) = decisions(record)
    assert (decision.at_s, decision.desired, decision.policy) == (RunTime(5), 3, "Steps")
    assert decision.formula == "Steps = 3"
    ready = [event.at_s for event in record.events if "healthy" in getattr(event, "why", "")]
    assert ready[-1] == pytest.approx(5 + 3)


def test_the_policy_gets_its_samples_and_scaling(tmp_path: Path) -> None:
    text = """
class Busy:
    def __init__(self, scaling):
        self.room, self.load = scaling.max_concurrency, 0.0

    def observe(self, sample):
        self.load = sample.in_flight

    def decide(self, observation):
        return 2 if self.load > 0.5 and self.room == 2 else None
"""
    assert [decision.desired for decision in decisions(play(Run(asked(tmp_path, text, "Busy"))))] == [2]


def test_an_exception_of_the_policy_stops_the_run_with_tick_inputs_and_line(tmp_path: Path) -> None:
    text = STEPS.replace("return 3", "return 3 if observation.now_s < 9 else 1 / 0")
    with pytest.raises(BrokenRun) as broken:
        play(Run(asked(tmp_path, text, "Steps")))
    said = str(broken.value)
    assert broken.value.expected
    assert "policy Steps raised ZeroDivisionError: division by zero (mine.py, line 7)" in said
    assert "at tick 2, 10 s" in said
    assert "in_flight=" in said


def test_the_run_can_continue_after_an_exception_with_an_event(tmp_path: Path) -> None:
    text = STEPS.replace("return 3", "return 3 if observation.now_s < 9 else 1 / 0")
    record = play(Run(asked(tmp_path, text, "Steps", OnPolicyError.HOLD)))
    assert record.complete
    assert [decision.desired for decision in decisions(record)] == [3]
    lines = [event.line for event in record.events if isinstance(event, EventLogged)]
    assert (
        len([line for line in lines if "the desired count stays as it is" in line]) == 5
    )  # ticks at 10, 15, 20, 25, 30 s


@pytest.mark.parametrize("answer", ["'many'", "2.5", "True", "-1", "float('nan')", "[3]"])
def test_an_invalid_decision_is_rejected_with_what_is_expected(tmp_path: Path, answer: str) -> None:
    policy = guarded(tmp_path, f"return {answer}", OnPolicyError.HOLD)
    told: list[str] = []
    policy.journal.subscribe(PolicyFailed, lambda failed: told.append(failed.line))
    assert policy.decide(NOW) is None
    assert "must be a whole number of instances" in told[0]


def test_an_endless_loop_is_interrupted(tmp_path: Path) -> None:
    policy = guarded(tmp_path, "\n        while True: pass", OnPolicyError.HOLD)
    policy.slow_s = 0.02
    told: list[str] = []
    policy.journal.subscribe(PolicyFailed, lambda failed: told.append(failed.line))
    assert policy.decide(NOW) is None
    assert "took longer than 0.02 s, at tick 1, 12 s" in told[0]


def test_a_decision_is_clamped_and_marked(tmp_path: Path) -> None:
    decision = guarded(tmp_path, "return 99").decide(NOW)
    assert decision is not None
    assert (decision.desired, decision.clamps) == (4, ("max_size = 4",))


def test_a_policy_that_fails_on_every_tick_does_not_fill_the_log(tmp_path: Path) -> None:
    policy = guarded(tmp_path, "return None.nothing", OnPolicyError.HOLD)
    told: list[str] = []
    policy.journal.subscribe(PolicyFailed, lambda failed: told.append(failed.line))
    for _ in range(3 * ERRORS_SHOWN):
        policy.decide(NOW)
    assert len(told) == ERRORS_SHOWN
    assert "its further failures are not reported" in told[-1]
    assert policy.errors == 3 * ERRORS_SHOWN


def test_an_exception_while_observing_is_reported_too(tmp_path: Path) -> None:
    text = STEPS + "\n    def observe(self, sample):\n        raise ValueError(sample.second)\n"
    kind = user_policy_kind(f"{written(tmp_path, text)}:Steps", ACTUATOR)
    with pytest.raises(UserPolicyError, match=r"raised ValueError: 7 .*observing second 7"):
        kind.build(kind.parameters(), SCALING).observe(Sample(7, 0, 0, 0, 0, 0, 0, 1))


@pytest.mark.parametrize(
    ("text", "class_name", "said"),
    [
        (STEPS, "Stairs", "must name a class of the file: Steps"),
        ("class Empty: pass", "Empty", "must have a method decide"),
        ("import no_such_module", "X", r"ModuleNotFoundError.*mine.py, line 1"),
        ("class X(:", "X", r"SyntaxError.*mine.py, line 1"),
        (STEPS.replace("5.0", "0"), "Steps", "must have tick_s = 0.1 to 3600"),
    ],
)
def test_a_file_without_a_policy_is_reported(tmp_path: Path, text: str, class_name: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        user_policy_kind(f"{written(tmp_path, text)}:{class_name}", ACTUATOR)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must name a file that can be read"):
        read_scenario(SCENARIO).with_policy(f"{tmp_path}/nowhere.py:Mine")


def test_a_policy_file_is_loaded_again_and_may_import_its_neighbours(tmp_path: Path) -> None:
    written(tmp_path, "LOAD = 2\n", "neighbour_of_mine.py")
    text = "from neighbour_of_mine import LOAD\n" + STEPS.replace("return 3", "return LOAD")
    name = f"{written(tmp_path, text)}:Steps"
    first = user_policy_kind(name, ACTUATOR)
    written(tmp_path, text.replace("return LOAD", "return LOAD + 1"))
    second = user_policy_kind(name, ACTUATOR)
    answers = [kind.build(kind.parameters(), SCALING).decide(NOW) for kind in (first, second)]
    assert [answer.desired for answer in answers if answer is not None] == [2, 3]
