"""Prompts: tasks that a user can start by name in an agent's client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from simulator.model.text.problems import one_of


class PromptArgument(NamedTuple):
    """An argument of a prompt."""

    name: str
    description: str
    required: bool = True


class AgentPrompt(NamedTuple):
    """A prompt: `text` with the arguments in braces. An argument that is left out is empty."""

    name: str
    title: str
    description: str
    arguments: tuple[PromptArgument, ...]
    text: str


class WrongPrompt(ValueError):
    """There is no such prompt, or an argument is missing or unknown."""


_SCENARIO: Final = PromptArgument("scenario", "A scenario file, or the name of a shipped scenario")

PROMPTS: Final[Mapping[str, AgentPrompt]] = {
    prompt.name: prompt
    for prompt in (
        AgentPrompt(
            "size_service",
            "Size a service",
            "Find the cheapest setting that meets an SLO.",
            (_SCENARIO, PromptArgument("slo", "The SLO, such as p95 < 300 ms, error_rate < 0.1 %")),
            "Find the cheapest setting of the service in the scenario {scenario} that meets the SLO {slo}.\n\n"
            "Read the resource simulator://skill and follow it: check the scenario, run it as it is, ask for the "
            "verdict, tune, and run the choice with other seeds and with 1.3 times the traffic. Answer with the "
            "setting, its cost per month beside today's, its p95 and error rate with the number of runs behind them, "
            "and what you did not check.",
        ),
        AgentPrompt(
            "explain_losses",
            "Explain lost requests",
            "Say why requests were rejected, failed or slow, and what would have prevented it.",
            (_SCENARIO,),
            "Why were requests lost or slow in the scenario {scenario}? Use the tool verdict, then the tool why at the "
            "moment at which the loss began. Answer in a few sentences: what happened to how many requests, when, why, "
            "and the smallest change that prevents it with its cost per month.",
        ),
        AgentPrompt(
            "choose_platform",
            "Choose a platform",
            "Compare platforms and policies for the traffic of a scenario.",
            (_SCENARIO, PromptArgument("platforms", "Names of platforms, separated by commas", required=False)),
            "Which platform serves the traffic of the scenario {scenario} at the lowest cost without losing requests? "
            "Platforms to compare: {platforms} (if empty, choose three of list_scenarios). Use the tool compare with "
            "five seeds or more, report only differences whose interval excludes zero, and name the notes of the "
            "comparison.",
        ),
    )
}


def prompt_text(name: str, arguments: Mapping[str, str]) -> str:
    """Return the text of a prompt with its arguments.

    Raises:
        WrongPrompt: for an unknown prompt, or an argument that is missing or unknown.
    """
    prompt = PROMPTS.get(name)
    if prompt is None:
        msg = f"prompt = {name!r}, must be {one_of(name, PROMPTS)}"
        raise WrongPrompt(msg)
    known = [argument.name for argument in prompt.arguments]
    for given in arguments:
        if given not in known:
            msg = f"argument = {given!r}, must be {one_of(given, known)}"
            raise WrongPrompt(msg)
    for argument in prompt.arguments:
        if argument.required and not arguments.get(argument.name):
            msg = f"{argument.name} = left out, must be given: {argument.description}"
            raise WrongPrompt(msg)
    return prompt.text.format(**{name: arguments.get(name, "") for name in known})
