"""How to apply the settings of a scenario's services, on whichever platform each of them runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from simulator.lab.apply.app_runner import app_runner_instructions
from simulator.lab.apply.aws_services import (
    ecs_express_texts,
    ecs_fargate_texts,
    lambda_managed_texts,
    lambda_texts,
)
from simulator.lab.apply.edited_scenario import edited_scenario
from simulator.lab.apply.instructions import ApplyInstructions, ApplyText, ApplyTool
from simulator.lab.apply.kubernetes import hpa_texts, knative_texts
from simulator.lab.apply.other_clouds import cloud_run_texts, container_apps_texts, fly_texts, heroku_texts
from simulator.lab.apply.service_change import APP_RUNNER, KUBERNETES, ServiceChange, changed_parameters
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.changes import Changes
from simulator.scenario.scenario import ScenarioSpec, ScenarioText
from simulator.scenario.sections.policy_spec import policy_named


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


_TEXTS: Final[Mapping[str, Callable[[ServiceChange], Iterator[ApplyText]]]] = MappingProxyType(
    {
        "ecs-express": ecs_express_texts,
        "ecs-fargate": ecs_fargate_texts,
        "lambda": lambda_texts,
        "lambda-managed": lambda_managed_texts,
        "cloud-run": cloud_run_texts,
        "container-apps": container_apps_texts,
        "fly": fly_texts,
        "heroku": heroku_texts,
        "knative": knative_texts,
        KUBERNETES: hpa_texts,
    }
)


def _instructions(change: ServiceChange) -> ApplyInstructions:
    if change.platform == APP_RUNNER:
        return app_runner_instructions(change)
    write = _TEXTS.get(change.platform)
    texts = () if write is None else tuple(write(change))
    notes = tuple(_by_hand(change) if not texts else _beside(change))
    return ApplyInstructions(change.name, change.platform, change.sentences, texts, notes)


def _beside(change: ServiceChange) -> Iterator[str]:
    """Yield what a text for another platform does not set."""
    if change.moves:
        yield f"The service must exist on {change.platform} before this is applied."
    if change.platform == "ecs-fargate" and change.has_other_size:
        yield f"The size of a task is in its task definition: register a revision with {change.after.size}."
    if change.platform == KUBERNETES:
        yield f"The size of a pod is in its deployment: requests and limits of {change.after.size}."


def _by_hand(change: ServiceChange) -> Iterator[str]:
    """Yield what to set on a platform without texts."""
    policy, after = change.after.policy.name, change.after
    if not change.platform:
        yield f"The policy {policy} belongs to no platform that has a setting for it: it shows what would be possible."
        return
    yield (
        f"Set on {change.platform}: instances of {after.size}, {after.min_size} to {after.max_size} of them, at most "
        f"{after.max_concurrency} requests at a time in each, policy {policy}{_parameters(change)}."
    )


def _parameters(change: ServiceChange) -> str:
    """Return the parameters of the policy that differ from its defaults; empty if none does."""
    policy = change.after.policy
    if policy.name not in POLICIES:
        return ""
    values = [f"{key} {value}" for key, _, value in changed_parameters(policy_named(policy.name), policy)]
    return f" with {', '.join(values)}" if values else ""
