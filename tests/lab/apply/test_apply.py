"""Instructions for the services of a scenario, and the scenario file with the settings."""

from __future__ import annotations

from pathlib import Path

from simulator.lab.apply.apply import apply_instructions, scenario_with
from simulator.lab.apply.instructions import ApplyTool
from simulator.scenario.scenario import ScenarioText, load_scenario, read_scenario

TWO = "duration: 1 min\nservices: {a: {application: &x {simulated: {io: 1ms}}}, b: {application: *x}}\n"


def test_only_services_that_change_have_instructions() -> None:
    before, after = read_scenario(TWO), read_scenario(TWO, changes={"b.max_concurrency": 7})
    (found,) = apply_instructions(before, after)
    assert (found.service, found.platform) == ("b", "app-runner")
    assert [each.tool for each in found.texts] == [ApplyTool.AWS_CLI, ApplyTool.TERRAFORM, ApplyTool.CLOUDFORMATION]


def test_the_scenario_with_the_changes_loads_with_them(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(TWO, encoding="utf-8")
    text = scenario_with(ScenarioText.of(path), {"max_concurrency": 7})
    assert (text.file, text.language) == ("two.yaml", "yaml")
    path.write_text(text.text, encoding="utf-8")
    assert {each.max_concurrency for each in load_scenario(path).services.values()} == {7}


def test_a_policy_without_a_platform_is_said_to_be_no_setting() -> None:
    (found, _) = apply_instructions(read_scenario(TWO), read_scenario(TWO, changes={"policy": "oracle"}))
    assert found.texts == ()
    assert found.notes == (
        "The policy oracle belongs to no platform that has a setting for it: it shows what would be possible.",
    )
