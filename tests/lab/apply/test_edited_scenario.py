"""A scenario file with changed settings: it loads as with `changes`, and the rest of its text stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.lab.apply.edited_scenario import edited_scenario
from simulator.model.text.document import parse_document
from simulator.scenario.changes import changed
from simulator.scenario.scenario import load_scenario

SCENARIOS = sorted((Path(__file__).parents[3] / "scenarios").glob("*.yaml"))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "max_concurrency": st.integers(1, 200),
    "min_size": st.integers(1, 25),
    "max_size": st.integers(25, 40),
    "cpu": st.sampled_from(["0.5 vCPU", 1024]),
    "policy": st.sampled_from(["knative", {"name": "hpa", "target": 0.5}, {"name": "fixed", "instances": 3}]),
    "policy.window": st.sampled_from(["30s", 1, 1.5]),
    "seed": st.integers(0, 99),
    "description": st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20),
}
CHANGES = st.fixed_dictionaries({}, optional=FIELDS)


@given(st.sampled_from(SCENARIOS), CHANGES)
def test_the_file_reads_as_the_changed_scenario(path: Path, changes: dict[str, Any]) -> None:
    text = path.read_text(encoding="utf-8")
    edited = edited_scenario(text, changes)
    assert parse_document(edited).data == changed(parse_document(text), changes).data
    # Comments stay where they are; only lines of the changed keys differ.
    comments = [line for line in text.splitlines() if line.lstrip().startswith("#")]
    assert [line for line in edited.splitlines() if line.lstrip().startswith("#")] == comments
    gone = set(text.splitlines()) - set(edited.splitlines())
    names = {name.partition(".")[0] for name in changes}
    assert all(any(f"{name}:" in line for name in names) for line in gone)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_shipped_scenario_with_another_limit_is_valid(path: Path, tmp_path: Path) -> None:
    copy = path.with_name(path.name)
    edited = edited_scenario(copy.read_text(encoding="utf-8"), {"max_concurrency": 17})
    target = tmp_path / path.name
    target.write_text(edited, encoding="utf-8")
    for folder in ("data", "apps"):
        (tmp_path / folder).symlink_to(path.parent / folder)
    assert {each.max_concurrency for each in load_scenario(target).services.values()} == {17}


SHARED = """\
services:
  a: &one {max_concurrency: 10, application: {simulated: {io: 1ms}}}
  b: *one
  c:
    <<: *one
    policy: {name: knative, stable_window: 30s}  # of the cluster
"""


def test_services_that_share_a_mapping_are_edited_together() -> None:
    edited = edited_scenario(SHARED, {"max_concurrency": 20})
    assert edited == SHARED.replace("max_concurrency: 10", "max_concurrency: 20")


def test_a_merged_value_is_overridden_where_it_is_merged() -> None:
    edited = edited_scenario(SHARED, {"services.c.max_concurrency": 20})
    assert edited == SHARED.replace("    <<: *one", "    max_concurrency: 20\n    <<: *one")


def test_a_value_that_is_shared_with_a_service_that_keeps_it_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"services\.b\.max_concurrency, must be set by hand: services\.b is an alias"):
        edited_scenario(SHARED, {"services.a.max_concurrency": 20})


def test_a_value_with_an_anchor_is_edited_with_its_aliases_only() -> None:
    text = "services: {a: {max_size: &n 3, min_size: 1}, b: {max_size: *n}}\n"
    assert edited_scenario(text, {"max_size": 4}) == text.replace("&n 3", "&n 4")
    with pytest.raises(ValueError, match=r"services\.b\.max_size, must be set by hand"):
        edited_scenario(text, {"services.a.max_size": 4})


def test_a_policy_of_another_name_loses_the_parameters_of_the_old_one() -> None:
    edited = edited_scenario(SHARED, {"services.c.policy": "hpa"})
    assert edited == SHARED.replace("{name: knative, stable_window: 30s}", "hpa")


def test_an_item_of_a_list_is_replaced_with_its_list() -> None:
    text = "traffic:\n  - {name: all, poisson: {rate: 1/s}}  # one\n"
    edited = edited_scenario(text, {"traffic.all.poisson.rate": "2/s"})
    assert parse_document(edited).data == {"traffic": [{"name": "all", "poisson": {"rate": "2/s"}}]}
