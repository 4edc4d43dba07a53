"""The space of a tuning: knobs in the words of sweep, possible settings, neighbours, and the scenario's own setting."""

from pathlib import Path

import numpy as np
import pytest

from simulator.lab.tune.space import Space, SpaceKnob, own_setting, parse_knob, space_of
from simulator.scenario.scenario import load_scenario
from tests.lab.tune.known_service import SCENARIO

TWO_SERVICES = SCENARIO.replace(
    "traffic:\n  - spike",
    "  api: {application: {simulated: {cpu: 1ms}}}\ntraffic:\n  - service: web\n    spike",
)


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    file = tmp_path / "known.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    return file


@pytest.mark.parametrize("text", ["min_size=1..9..2", "min_size=1..9:2", "min_size=1,3,5,7,9"])
def test_a_range_is_written_as_in_sweep_or_with_a_colon(text: str) -> None:
    assert parse_knob(text) == SpaceKnob("min_size", (1, 3, 5, 7, 9))


def test_a_size_is_cpu_and_memory_together() -> None:
    knob = parse_knob("web.size=1 vCPU/2 GB, 2 vCPU/4 GB")
    assert knob.text(1) == "2 vCPU / 4 GB"
    assert knob.changes(1) == {"web.cpu": "2 vCPU", "web.memory": "4 GB"}
    with pytest.raises(ValueError, match="'3 GB' is none"):
        parse_knob("size=1 vCPU/2 GB,3 GB")


def test_names_are_not_ordered_and_durations_are() -> None:
    assert not parse_knob("policy=app-runner,knative").is_ordered
    assert parse_knob("policy.window=10s,30s,60s").is_ordered


def test_settings_whose_minimum_is_above_the_maximum_are_left_out(file: Path) -> None:
    space = space_of(load_scenario(file), ["min_size=1..6", "max_size=3,5"])
    sizes = [(one["min_size"], one["max_size"]) for one in map(space.changes, space.settings)]
    assert sizes == [(low, high) for low in range(1, 7) for high in (3, 5) if low <= high]


def test_the_default_space_has_the_scenarios_own_setting(file: Path) -> None:
    scenario = load_scenario(file)
    space = space_of(scenario, [])
    assert [knob.name for knob in space.knobs] == ["max_concurrency", "min_size", "max_size", "size"]
    own = own_setting(space, scenario)
    assert own is not None
    changes = space.changes(own)
    assert (changes["max_concurrency"], changes["min_size"], changes["max_size"]) == (20, 4, 20)
    assert load_scenario(file, changes).services["web"].size == scenario.services["web"].size


def test_every_default_setting_is_one_that_the_scenario_can_have(file: Path) -> None:
    space = space_of(load_scenario(file), [])
    for setting in space.settings[:: len(space.settings) // 40]:
        load_scenario(file, space.changes(setting))


def test_knobs_of_several_services_name_the_service(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(TWO_SERVICES, encoding="utf-8")
    space = space_of(load_scenario(file), ["web.max_concurrency=10,20", "api.min_size=1,2"])
    assert space.text(space.settings[0]) == "web: MaxConcurrency 10, api: MinSize 1"
    assert space.neighbours(space.settings[0]) is not None


def test_a_neighbour_is_one_step_of_one_knob() -> None:
    space = Space((SpaceKnob("max_concurrency", (1, 2, 3)), SpaceKnob("policy", ("a", "b", "c"))))
    beside = {other for _, other in space.neighbours((1, 0))}
    assert beside == {(0, 0), (2, 0), (1, 1), (1, 2)}


def test_coordinates_keep_the_distance_of_ordered_values_and_part_names_equally() -> None:
    space = Space((SpaceKnob("max_concurrency", (1, 2, 3)), SpaceKnob("policy", ("a", "b", "c"))))
    rows = {setting: space.coordinates[place] for setting, place in space.places.items()}
    assert np.linalg.norm(rows[0, 0] - rows[2, 0]) == pytest.approx(1.0)
    distances = [np.linalg.norm(rows[0, a] - rows[0, b]) for a, b in ((0, 1), (1, 2), (0, 2))]
    assert distances == pytest.approx([1.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("vary", "named"),
    [
        (["min_size=1..4", "min_size=2"], "twice"),
        (["min_size=1..1000", "max_size=1..1000"], "at most 200,000"),
        (["min_size"], "must be a field and its values"),
    ],
)
def test_a_space_that_cannot_be_is_rejected(file: Path, vary: list[str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        space_of(load_scenario(file), vary)
