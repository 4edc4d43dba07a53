"""Completion of names in a shell: policies and platforms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def policy_names(incomplete: str) -> list[tuple[str, str]]:
    """Return the policies that begin with the text, with their summaries. The shell itself completes a user's files."""
    from simulator.rules.policies.registry import POLICIES  # noqa: PLC0415 only for a shell's completion

    return _matching(incomplete, {name: kind.summary for name, kind in POLICIES.items()})


def candidate_names(incomplete: str) -> list[tuple[str, str]]:
    """Return the policies, and `configured` for the scenario's own policy."""
    configured = _matching(incomplete, {"configured": "the scenario's policy, with its parameters"})
    return [*configured, *policy_names(incomplete)]


def platform_names(incomplete: str) -> list[tuple[str, str]]:
    from simulator.rules.platforms.presets import PLATFORMS  # noqa: PLC0415 only for a shell's completion

    return _matching(incomplete, {name: preset.summary for name, preset in PLATFORMS.items()})


def _matching(incomplete: str, summaries: Mapping[str, str]) -> list[tuple[str, str]]:
    named: Iterable[tuple[str, str]] = summaries.items()
    return [(name, summary) for name, summary in named if name.startswith(incomplete)]
