from __future__ import annotations

from simulator.cli.front.name_completion import candidate_names, platform_names, policy_names
from simulator.rules.platforms.presets import PLATFORMS
from simulator.rules.policies.registry import POLICIES


def test_nothing_typed_yet_lists_all_of_them() -> None:
    assert [name for name, _ in policy_names("")] == list(POLICIES)
    assert [name for name, _ in candidate_names("")] == ["configured", *POLICIES]
    assert [name for name, _ in platform_names("")] == list(PLATFORMS)


def test_a_name_has_its_summary() -> None:
    assert policy_names("knative") == [("knative", POLICIES["knative"].summary)]


def test_a_text_that_no_name_begins_with_completes_nothing() -> None:
    assert (policy_names("my.py:"), candidate_names("x"), platform_names("x")) == ([], [], [])
