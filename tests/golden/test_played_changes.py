"""The changes that the verdicts of all shipped scenarios and lessons propose, against complete runs with them.

Each proposed change is made in the scenario's data, as a user edits the file, and the changed scenario is played from
its beginning to its end on the event loop (a day of 75 million requests in the compiled backend): the figures of the
verdict are those of this run.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from simulator.lab.backend_names import AUTO, COMPILED, EVENT_LOOP
from simulator.lab.compare.backends import backend_of
from simulator.lab.what_if.what_ifs import with_played_changes
from simulator.lessons.course import course
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.report.verdict.part import ServiceVerdictPart, WhatIfPart
from simulator.scenario.scenario import ScenarioSpec, load_scenario, read_scenario
from simulator.scenario.shipped import shipped_scenarios
from tests.golden.golden_text import assert_golden
from tests.golden.verdict_text import changes_text

FOLDER = Path(__file__).parent / "verdicts" / "changes"
ALL = [*shipped_scenarios(), *(f"lesson {name}" for name in course())]
DAY = "worldcup98-day"  # 75 million requests, which only the compiled backend plays in a test
SHORT = ("first-look", "container", "lesson price-of-idle")
CHOSEN = [name if name in SHORT else pytest.param(name, marks=pytest.mark.slow) for name in ALL]

_KEYS = {"MinSize": "min_size", "MaxSize": "max_size", "MaxConcurrency": "max_concurrency"}


def scenario_with(name: str, changes: Mapping[str, Any]) -> ScenarioSpec:
    """Read the scenario or lesson `name` with changes of its data."""
    if name.startswith("lesson "):
        lesson = course()[name.removeprefix("lesson ")]
        return read_scenario(lesson.scenario, file=name, changes=changes).model_copy(update={"name": lesson.name})
    return load_scenario(shipped_scenarios()[name], changes)


@functools.cache
def answered(name: str) -> Report:
    """Play the scenario as `simulator run` does, with the changes for its verdict."""
    scenario = scenario_with(name, {})
    return with_played_changes(build_report(backend_of(AUTO)(scenario)), scenario)


def keys_of(change: str, service: str, scenario: ScenarioSpec) -> dict[str, Any]:
    """Return the keys of the scenario file that a change such as `MinSize 3 and MaxSize 3` sets."""
    found: dict[str, Any] = {}
    for part in change.split(" and "):
        if (sizes := re.fullmatch(r"(\S+) vCPU / (\S+) GB", part)) is not None:
            found |= {f"services.{service}.cpu": f"{sizes[1]} vCPU", f"services.{service}.memory": f"{sizes[2]} GB"}
        elif (connections := re.fullmatch(r"(\d+) connections to (\S+)", part)) is not None:
            found[f"services.{service}.application.downstream.{connections[2]}.connections"] = int(connections[1])
        elif part == "Clients without retries":
            sources = [scenario.traffic[index].name for index in scenario.sources_of(service)]
            found |= {f"traffic.{source}.retry": None for source in sources}
        else:
            setting, value = part.split()
            found[f"services.{service}.{_KEYS[setting]}"] = int(value)
    return found


@pytest.mark.parametrize("name", CHOSEN)
def test_the_changes_are_those_of_the_golden_file(name: str, *, remake: bool) -> None:
    assert_golden(changes_text(answered(name)), FOLDER / f"{name.replace(' ', '-')}.txt", remake=remake)


def test_every_golden_file_has_its_scenario() -> None:
    assert sorted(file.stem for file in FOLDER.glob("*.txt")) == sorted(name.replace(" ", "-") for name in ALL)


@pytest.mark.parametrize("name", CHOSEN)
def test_the_figures_of_the_proposed_change_are_those_of_a_complete_run_with_it(name: str) -> None:
    verdict, before = answered(name).verdict, answered(name)
    assert verdict is not None
    for part in verdict.services:
        if part.what_ifs:
            _compare(name, before, part, part.what_ifs[0])


def _compare(name: str, before: Report, part: ServiceVerdictPart, proposed: WhatIfPart) -> None:
    keys = keys_of(proposed.change, part.service, scenario_with(name, {}))
    after = build_report(backend_of(COMPILED if name == DAY else EVENT_LOOP)(scenario_with(name, keys)))
    service = next(each for each in after.services if each.name == part.service)
    own = next(each for each in before.services if each.name == part.service)
    requests = service.requests
    assert (requests.rejected, requests.rejected + requests.failed) == (proposed.rejected, proposed.errors)
    assert (requests.requests, requests.error_rate, requests.latency.p95_s) == (
        proposed.requests,
        proposed.error_rate,
        proposed.p95_s,
    )
    # Changes of several services are played together, and the run, from which a month is extrapolated, ends with the
    # last request of any of them: seconds later, if another service still has slow requests.
    tolerance = 1e-9 if len(before.services) == 1 else 0.02
    assert service.cost.month.usd == pytest.approx(proposed.month_usd, rel=tolerance)
    more = service.cost.month.usd - own.cost.month.usd
    assert proposed.month_usd_more == pytest.approx(more, abs=tolerance * proposed.month_usd)
    # The sentence has these figures.
    if proposed.is_enough and not proposed.errors:
        assert f"{proposed.change} would have " in part.text
        assert " none, " in part.text
    assert proposed.change in part.text
