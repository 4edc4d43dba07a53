"""The published JSON Schema, and the scenario files that are shipped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.scenario.rate_factor import rate_factor
from simulator.scenario.scenario import load_scenario
from simulator.scenario.schema import scenario_schema, schema_text
from simulator.scenario.sections.base_model import DURATION_PATTERN
from simulator.traffic.shapes.arrivals import arrival_chunks
from simulator.world.random_streams import RandomStreams

FOLDER = Path(__file__).parents[2] / "scenarios"
SHIPPED = sorted(FOLDER.glob("*.yaml"))
# A run must take less than 10 s at about 40,000 requests/s.
REQUESTS_MAX = 400_000


def properties(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every key of a scenario file with its path in the schema."""
    if isinstance(node, dict):
        for name, told in node.get("properties", {}).items():
            yield f"{path}.{name}", told
        for key, inner in node.items():
            yield from properties(inner, f"{path}.{key}")
    elif isinstance(node, list):
        for inner in node:
            yield from properties(inner, path)


def test_the_schema_beside_the_scenarios_is_current() -> None:
    """If it is not: python -m simulator.scenario.schema > scenarios/scenario.schema.json."""
    assert (FOLDER / "scenario.schema.json").read_text(encoding="utf-8") == schema_text()


def test_every_key_has_a_description() -> None:
    keys = dict(properties(scenario_schema()))

    assert len(keys) > 100
    assert [path for path, told in keys.items() if not told.get("description")] == []


def test_no_section_takes_unknown_keys() -> None:
    schema = scenario_schema()
    sections = [schema, *(told for told in schema["$defs"].values() if "properties" in told)]

    assert all(section["additionalProperties"] is False for section in sections)


def test_defaults_are_written_as_one_writes_them_in_a_file() -> None:
    service = scenario_schema()["$defs"]["ServiceSpec"]["properties"]

    assert service["request_timeout"]["default"] == "2m00s"
    assert service["max_concurrency"]["default"] == 100


@pytest.mark.parametrize("text", ["90s", "250 ms", "1h30m", "5 min", "1.5 hours"])
def test_the_pattern_of_durations_agrees_with_the_reader(text: str) -> None:
    assert re.search(DURATION_PATTERN, text)


@pytest.mark.parametrize("text", ["90", "s", "5 parsecs", "-1s"])
def test_the_pattern_of_durations_rejects_what_the_reader_rejects(text: str) -> None:
    assert not re.search(DURATION_PATTERN, text)


def test_the_schema_can_be_written_as_json() -> None:
    assert json.loads(schema_text()) == scenario_schema()


# --- the shipped files -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_scenario_names_the_schema_and_opens_with_what_to_expect(path: Path) -> None:
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    opening = "\n".join(line for line in rest[:30] if line.startswith("#"))

    assert first == "# yaml-language-server: $schema=scenario.schema.json"
    assert "What to expect" in opening


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_scenario_runs_in_virtual_time_and_has_checks(path: Path) -> None:
    scenario = load_scenario(path)

    scenario.require("virtual")
    assert scenario.name == path.stem
    assert scenario.description
    assert scenario.checks


# The whole day of 75 million requests is for the compiled backend.
@pytest.mark.parametrize("path", [p for p in SHIPPED if p.stem != "worldcup98-day"], ids=lambda path: path.stem)
def test_a_shipped_scenario_is_small_enough_for_ten_seconds(path: Path) -> None:
    scenario = load_scenario(path)
    streams = RandomStreams(scenario.seed)
    requests = sum(
        len(chunk)
        for index, source in enumerate(scenario.traffic)
        if source.is_open
        for chunk in arrival_chunks(
            source, streams, index, scenario.duration_s, rate_factor(scenario.timeline, source.name)
        )
    )

    assert 0 < requests <= REQUESTS_MAX


def test_recorded_data_travels_with_its_notices() -> None:
    notice = (FOLDER / "data" / "NOTICE.md").read_text(encoding="utf-8")

    assert all(path.name in notice for path in (FOLDER / "data").glob("*.csv"))
    assert (FOLDER / "data" / "worldcup98_ITA_notice.html").is_file()
