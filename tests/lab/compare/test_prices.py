"""A user's price file: every item of a bill can be set, and another billing mode can be selected."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.lab.compare.candidates import Candidate, CandidateKind
from simulator.lab.compare.notes import case_notes
from simulator.lab.compare.platform_bill import prices_line
from simulator.lab.compare.prices import read_prices
from simulator.lab.figures import figures
from simulator.model.sizes import InstanceSize
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.rules.platforms.cloud_run import BY_INSTANCE
from simulator.rules.platforms.presets import platform_named
from simulator.rules.platforms.size_changes.instance_hour import instance_hour_usd
from simulator.scenario.scenario import read_scenario

TEXT = """
name: small
duration: 1 min
services: {web: {prices: {region: eu-central-1}, application: {simulated: {io: 100ms}}}}
traffic: [{poisson: {rate: 5/s}}]
"""


def prices(folder: Path, text: str) -> Path:
    file = folder / "prices.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.case("L35")
def test_each_price_of_ecs_express_can_be_set(tmp_path: Path) -> None:
    balancer = "balancer: {usd_lcu_hour: 3, request_kb: 4}"
    text = f"ecs-express: {{fixed_hour: 1, address_hour: 2, instance_addresses: 0, {balancer}}}"
    found = read_prices(prices(tmp_path, text))["ecs-express"]
    usual = platform_named("ecs-express").prices
    assert (found.fixed_hour, found.address_hour, found.instance_addresses) == (1, 2, 0)
    assert (found.balancer.usd_lcu_hour, found.balancer.request_kb) == (3, 4)
    assert (found.vcpu_hour, found.balancer.addresses) == (usual.vcpu_hour, usual.balancer.addresses)
    assert (found.as_of, found.source) == ("as given", "prices.yaml")


def test_the_prices_of_sizes_can_be_set(tmp_path: Path) -> None:
    found = read_prices(prices(tmp_path, "fly: {sizes: {performance-1x: 0.05}, stopped_hour: 0.001}"))["fly"]
    assert instance_hour_usd(found, InstanceSize(1024, 2048)) == 0.05
    assert instance_hour_usd(found, InstanceSize(64, 256)) == pytest.approx(2.19 / 720)  # the shipped one
    assert (found.stopped_hour, found.source) == (0.001, "prices.yaml")


@pytest.mark.case("L32")
def test_cloud_run_can_be_billed_by_instance_at_the_shipped_rates(tmp_path: Path) -> None:
    assert read_prices(prices(tmp_path, "cloud-run: {billing: instance-based}")) == {"cloud-run": BY_INSTANCE}


@pytest.mark.case("L32", "L33")
@pytest.mark.parametrize("name", ["cloud-run", "container-apps"])
def test_a_minimum_keeps_instances_and_requires_an_idle_state(name: str, tmp_path: Path) -> None:
    own = read_prices(prices(tmp_path, f"{name}: {{min_size: 2}}"))[name]
    assert own.source == platform_named(name).prices.source  # the rates are those of the shipped list
    candidate = Candidate(CandidateKind.PLATFORM, name, prices=own)
    there = candidate.applied(read_scenario(TEXT, file="small.yaml", folder=tmp_path)).services["web"]
    assert there.min_size == 2
    assert there.policy.actuator(there.scaling).activates


@pytest.mark.case("L30")
def test_app_runner_as_a_platform_has_the_prices_of_the_scenarios_region(tmp_path: Path) -> None:
    candidate = Candidate(CandidateKind.PLATFORM, "app-runner")
    assert candidate.price_list is None
    told = prices_line(read_scenario(TEXT, file="small.yaml", folder=tmp_path), candidate.price_list)
    assert told.startswith("eu-central-1, estimated, 2026-11: us-east-1 x the quotient")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lambda: {billing: instance-based}", "lambda.billing = 'instance-based', must be left out"),
        ("cloud-run: {billing: monthly}", "must be one of request-based, instance-based"),
        ("lambda: {min_size: 1}", "lambda.min_size = 1, must be 0"),
        ("lambda: {gb_hour: 1_0}", "lambda.gb_hour = '1_0', must be valid"),
        ("lambda: {gb_hour: '10'}", "lambda.gb_hour = '10', must be valid"),
        ("lambda: {gb_hour: .nan}", "lambda.gb_hour = '.nan', must be valid"),
        ("lambda: {gb_hour: 1}\nlambda: {gb_hour: 2}", "a second lambda"),
        ("lambda: {gb_hours: 1}", "did you mean `gb_hour`?"),
        ("ecs-express: {balancer: {request_kb: -1}}", "balancer.request_kb = -1"),
        ("fly: {sizes: {performance-3x: 1}}", "fly.sizes = 'performance-3x', must be one of shared-cpu-1x"),
        ("fly: {sizes: {performance-1x: -1}}", "fly.sizes.performance-1x = -1, must be at least 0"),
        ("lambda: {sizes: {small: 1}}", "lambda.sizes = 'small', must be left out"),
    ],
)
def test_an_invalid_price_is_rejected_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=said.replace(".", r"\.")):
        read_prices(prices(tmp_path, text))


@pytest.mark.case("L30")
def test_a_comparison_with_estimated_rates_is_marked(tmp_path: Path) -> None:
    scenario = read_scenario(TEXT, file="small.yaml", folder=tmp_path)
    own = Candidate(CandidateKind.POLICY, "configured")
    (told,) = [note for note in case_notes([own], scenario, "web", [], {"configured": []}) if "estimated" in note]
    assert told.startswith("Bills of App Runner are estimated: rates of eu-central-1, 2026-11")
    elsewhere = Candidate(CandidateKind.PLATFORM, "lambda")
    assert not [note for note in case_notes([elsewhere], scenario, "web", [], {"lambda": []}) if "estimated" in note]


@pytest.mark.case("L10", "L30", "X13e")
def test_a_row_of_a_sweep_has_the_basis_of_its_month(tmp_path: Path) -> None:
    scenario = read_scenario(TEXT, file="small.yaml", folder=tmp_path)
    row = figures(build_report(play(Run(scenario), signals=False)))
    assert row["month_rests_on"] == (
        "730 hours, if every minute were like the 1m00s that were played; rates of eu-central-1 are estimated"
    )
