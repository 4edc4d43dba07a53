"""The effect of assumptions, compared with scenarios that have the moved settings in their files."""

from pathlib import Path

import pytest

from simulator.lab.assumptions.sensitivity import SEEDS, Sensitivity
from simulator.lab.compare.play_scenario import play_virtual
from simulator.replay.runner import BrokenRun
from simulator.report.assumptions import AssumptionMovePart, AssumptionPart, AssumptionsPart, HeadlinePart
from simulator.report.report import build_report
from simulator.scenario.scenario import ScenarioSpec, read_scenario

STEP = "spike: {base: 2/s, peak: 30/s, at: 10s, rise: 1s, for: 50s, fall: 1s}"
SETTINGS = "max_concurrency: 3, max_size: 6"


def scenario(settings: str = SETTINGS, *, seed: int = 7) -> ScenarioSpec:
    application = "application: {simulated: {start_up: 2s, io: {exponential: 400ms}}}"
    text = (
        f"version: 1\nname: step\nduration: 100s\nservices:\n  web: {{{application}, {settings}}}\n"
        f"traffic:\n  - {{name: users, {STEP}}}\n"
    )
    return read_scenario(text).with_seed(seed)


def by_hand(settings: str, *, seed: int = 7) -> tuple[float, float, float, float]:
    """Play the scenario with the settings in its file, and compute the figures from the report's counts and bill."""
    report = build_report(play_virtual(scenario(settings, seed=seed)))
    requests, (service,) = report.requests, report.services
    errors = (requests.rejected + requests.failed) / requests.requests
    assert requests.latency.p95_s is not None
    hours = service.instances.provisioned_s / 3600
    return errors, requests.latency.p95_s, service.cost.month.usd, hours


def values(part: HeadlinePart) -> tuple[float | None, ...]:
    return part.error_rate, part.latency_p95_s, part.month_usd, part.instance_hours


@pytest.fixture(scope="module")
def part() -> AssumptionsPart:
    return Sensitivity(scenario()).play()


def ranked(part: AssumptionsPart, setting: str) -> AssumptionPart:
    (found,) = [each for each in part.ranked if each.setting == setting]
    return found


def move(part: AssumptionsPart, setting: str, value: str) -> AssumptionMovePart:
    (found,) = [each for each in ranked(part, setting).moves if each.value == value]
    return found


def test_the_base_is_the_run_as_it_is(part: AssumptionsPart) -> None:
    assert values(part.base) == pytest.approx(by_hand(SETTINGS))


@pytest.mark.parametrize(
    ("setting", "value", "settings"),
    [
        ("policy.start_lag", "55s", "policy: {name: app-runner, start_lag: 55s}"),
        ("policy.target_utilisation", "0.5", "policy: {name: app-runner, target_utilisation: 0.5}"),
        ("policy.idle_after", "30s", "policy: {name: app-runner, idle_after: 30s}"),
        ("route_after", "10s", "route_after: 10s"),
        ("balancing", "round-robin", "balancing: round-robin"),
    ],
)
def test_a_change_is_that_of_the_scenario_with_the_setting_in_its_file(
    part: AssumptionsPart, setting: str, value: str, settings: str
) -> None:
    moved, base = by_hand(f"{SETTINGS}, {settings}"), by_hand(SETTINGS)
    change = move(part, setting, value).change
    assert change is not None
    assert values(change) == pytest.approx([ours - theirs for ours, theirs in zip(moved, base, strict=True)])


def test_the_start_lag_changes_the_error_rate_by_more_than_chance(part: AssumptionsPart) -> None:
    later = move(part, "policy.start_lag", "55s").change
    assert later is not None
    assert later.error_rate is not None
    assert later.error_rate > 0
    assert not ranked(part, "policy.start_lag").within_noise


def test_noise_is_the_range_over_three_seeds_and_at_least_the_resolution(part: AssumptionsPart) -> None:
    runs = [by_hand(SETTINGS, seed=seed) for seed in (7, 8, 9)]
    assert part.seeds == [7, 8, 9]
    spans = [max(figure) - min(figure) for figure in zip(*runs, strict=True)]
    tops = [max(figure) for figure in zip(*runs, strict=True)]
    least = [1e-4, 0.01 * tops[1], 0.001 * tops[2], 0.001 * tops[3]]
    assert values(part.noise) == pytest.approx([max(pair) for pair in zip(spans, least, strict=True)])


def test_they_are_ranked_by_the_largest_change_as_a_multiple_of_the_noise(part: AssumptionsPart) -> None:
    noise = values(part.noise)
    for each in part.ranked:
        found = [
            abs(change) / by
            for one in each.moves
            if one.change is not None
            for change, by in zip(values(one.change), noise, strict=True)
            if change is not None and by is not None
        ]
        assert each.effect == pytest.approx(max(found))
        assert each.within_noise == (max(found) <= 1)
    effects = [each.effect for each in part.ranked]
    assert effects == sorted(effects, reverse=True)
    assert {each.within_noise for each in part.ranked} == {True, False}


def test_it_counts_its_runs(part: AssumptionsPart) -> None:
    assert part.runs == SEEDS + sum(len(each.moves) for each in part.ranked)


def test_what_the_file_sets_is_not_moved() -> None:
    given = scenario(f"{SETTINGS}, balancing: random, policy: {{name: app-runner, start_lag: 20s, tick: 2s}}")
    runs = Sensitivity(given).runs
    assert not [run.name for run in runs if run.name.startswith(("policy.start_lag", "balancing", "policy.tick"))]
    assert [run.name for run in runs if run.name.startswith("policy.window")] == [
        "policy.window = 30s",
        "policy.window = 2m00s",
    ]


def test_it_names_what_the_file_sets_and_what_no_setting_moves() -> None:
    given = scenario("max_size: 1, route_after: 2s, policy: {name: fixed, instances: 1}, balancing: random")
    part = Sensitivity(given).play()
    assert [(each.setting, each.value, each.services) for each in part.set_in_file] == [
        ("balancing", "random", ["web"])
    ]
    assert sorted(each.setting for each in part.ranked) == ["drain_timeout", "overflow"]
    assert part.unmoved == []


def test_a_policy_of_another_platform_has_assumptions_of_its_own() -> None:
    names = [run.name for run in Sensitivity(scenario().with_policy("knative")).runs]
    assert names == [
        "seed 7",
        "seed 8",
        "seed 9",
        "policy.start_lag = 500ms",
        "policy.start_lag = 10s",
        "overflow.wait = 30s",
        "overflow.wait = 5m00s",
    ]


def test_services_that_depend_on_an_assumption_move_together() -> None:
    one = "{max_concurrency: 5, application: {simulated: {io: 100ms}}%s}"
    text = (
        "version: 1\nname: two\nduration: 20s\nservices:\n"
        f"  one: {one % ''}\n"
        f"  other: {one % ', policy: {name: app-runner, start_lag: 20s}'}\n"
        "traffic:\n  - {name: users, service: one, poisson: {rate: 5/s}}\n"
    )
    runs = {run.name: run.scenario.services for run in Sensitivity(read_scenario(text)).runs}
    window = runs["policy.window = 30s"]
    assert [service.policy.parameters.window_s for service in window.values()] == [30, 30]
    lag = runs["policy.start_lag = 55s"]
    assert [service.policy.parameters.start_lag_s for service in lag.values()] == [55, 20]


def test_a_scenario_that_fails_as_it_is_fails(tmp_path: Path) -> None:
    policy = tmp_path / "broken.py"
    policy.write_text("class Broken:\n    def decide(self, observation):\n        raise RuntimeError('no idea')\n")
    given = scenario().with_policy(f"{policy}:Broken")
    with pytest.raises(BrokenRun, match="no idea"):
        Sensitivity(given).play(workers=2)  # in this process, because no other one can import the policy


@pytest.mark.slow
def test_worker_processes_give_the_same_part(part: AssumptionsPart) -> None:
    done: list[str] = []
    again = Sensitivity(scenario()).play(2, lambda run: done.append(run.name))
    assert again == part
    assert len(done) == part.runs
