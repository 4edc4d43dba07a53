"""How to apply the settings of a scenario's services, on whichever platform each of them runs."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.lab.apply.app_runner import app_runner_instructions
from simulator.lab.apply.edited_scenario import edited_scenario
from simulator.lab.apply.instructions import ApplyInstructions, ApplyText, ApplyTool
from simulator.lab.apply.service_change import APP_RUNNER, ServiceChange
from simulator.scenario.changes import Changes
from simulator.scenario.scenario import ScenarioSpec, ScenarioText


def apply_instructions(before: ScenarioSpec, after: ScenarioSpec) -> tuple[ApplyInstructions, ...]:
    """Return the instructions for each service of `after` whose settings differ from those in `before`.

    Both have the same services.
    """
    changes = (ServiceChange(name, before.services[name], service) for name, service in after.services.items())
    return tuple(_instructions(change) for change in changes if change.sentences)


def scenario_with(file: ScenarioText, changes: Changes) -> ApplyText:
    """Return the text of the scenario file with `changes` made.

    Raises:
        ValueError: if the file writes one of the values in a form that cannot be edited.
    """
    name = file.file.rpartition("/")[2]
    return ApplyText(ApplyTool.SCENARIO, name, edited_scenario(file.text, changes))


def _instructions(change: ServiceChange) -> ApplyInstructions:
    if change.platform == APP_RUNNER:
        return app_runner_instructions(change)
    return ApplyInstructions(change.name, change.platform, change.sentences, notes=tuple(_by_hand(change)))


def _by_hand(change: ServiceChange) -> Iterator[str]:
    """Yield what to set on a platform without texts."""
    policy, after = change.after.policy.name, change.after
    if not change.platform:
        yield f"The policy {policy} belongs to no platform that has a setting for it: it shows what would be possible."
        return
    yield (
        f"Set on {change.platform}: instances of {after.size}, {after.min_size} to {after.max_size} of them, at most "
        f"{after.max_concurrency} requests at a time in each, policy {policy}."
    )
