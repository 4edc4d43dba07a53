"""The days of a tuning: what a setting is played on.

A day is a scenario file with a seed, under a condition. The days that choose and the days that judge have different
seeds, or different files. Under an adverse condition the traffic or the platform is worse than in the file: more
requests, bursts at another time, slower starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple, assert_never

from simulator.scenario.policy_platform import mean_start_s
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.shape_spec import (
    AtOnceSpec,
    BinsSpec,
    ClockSpec,
    ClosedSpec,
    MmppSpec,
    PoissonSpec,
    RampSpec,
    Shape,
    SineSpec,
    SpikeSpec,
    StagesSpec,
    StepsSpec,
    TraceSpec,
)
from simulator.scenario.sections.timeline_spec import EventSpec
from simulator.scenario.sections.traffic_spec import SHAPES, SourceSpec

# ASSUMPTION: a day may have 30 % more traffic than those that a setting was chosen on, and instances may take half as
# long again to start; what users see over a year would settle both.
TRAFFIC_FACTOR: Final = 1.3
START_FACTOR: Final = 0.5
# Seeds of the days that judge begin this far from those that choose.
JUDGING_SEEDS: Final = 1_000_000


class Condition(StrEnum):
    """Under what a day is played. AS_GIVEN: as the scenario file says."""

    AS_GIVEN = "as given"
    TRAFFIC = "traffic"
    BURSTS = "bursts"
    STARTS = "starts"

    @property
    def text(self) -> str:
        match self:
            case Condition.AS_GIVEN:
                return "as given"
            case Condition.TRAFFIC:
                return f"{TRAFFIC_FACTOR:g} x the traffic"
            case Condition.BURSTS:
                return "bursts at another time"
            case Condition.STARTS:
                return f"starts that take {START_FACTOR:.0%} longer".replace("%", " %")
            case _:
                assert_never(self)


ADVERSE: Final = (Condition.TRAFFIC, Condition.BURSTS, Condition.STARTS)


class Day(NamedTuple):
    """A scenario file, by its place among the files of the tuning, with a seed, under a condition."""

    file: int
    seed: int
    condition: Condition = Condition.AS_GIVEN


class Days(NamedTuple):
    """The days to choose on, in the order in which they are played, and those to judge on."""

    training: Sequence[Day]
    judging: Sequence[Day]


def days_of(
    seeds: Sequence[int], judging_files: Sequence[int], training: int, judging: int, required: Sequence[Condition] = ()
) -> Days:
    """Return the days of a tuning.

    `seeds`: the own seed of each scenario file, those to choose on first. `judging_files`: the places of the files to
    judge on; if there are none, the same files are played with other seeds. `required`: conditions that the setting has
    to hold under as well. Days of each kind alternate, so that the first few contain all of them.
    """
    first = [place for place in range(len(seeds)) if place not in judging_files]
    conditions = (Condition.AS_GIVEN, *required)
    return Days(
        _alternating(first, seeds, conditions, training, 0),
        _alternating(list(judging_files) or first, seeds, conditions, judging, JUDGING_SEEDS),
    )


def _alternating(
    files: Sequence[int], seeds: Sequence[int], conditions: Sequence[Condition], count: int, beyond: int
) -> list[Day]:
    kinds = [(file, condition) for condition in conditions for file in files]
    return [
        Day(file, seeds[file] + beyond + number // len(kinds), condition)
        for number in range(count)
        for file, condition in [kinds[number % len(kinds)]]
    ]


def day_text(day: Day, files: Sequence[Path]) -> str:
    """Return a day in words: `seed 12`, or with its file if there are several."""
    file = f"{files[day.file].name}, " if len(files) > 1 else ""
    condition = "" if day.condition is Condition.AS_GIVEN else f", {day.condition.text}"
    return f"{file}seed {day.seed}{condition}"


def on_day(scenario: ScenarioSpec, day: Day) -> ScenarioSpec:
    """Return the scenario as played on a day."""
    return under(scenario, day.condition).with_seed(day.seed)


def is_possible(scenario: ScenarioSpec, condition: Condition) -> bool:
    """Return True if a condition changes the scenario: steady traffic has no burst to move."""
    return condition is Condition.AS_GIVEN or under(scenario, condition) != scenario


def under(scenario: ScenarioSpec, condition: Condition) -> ScenarioSpec:
    """Return the scenario under a condition."""
    match condition:
        case Condition.AS_GIVEN:
            return scenario
        case Condition.TRAFFIC:
            return scenario.model_copy(update={"traffic": tuple(map(_more, scenario.traffic))})
        case Condition.BURSTS:
            moved = tuple(_moved(source, scenario.duration_s) for source in scenario.traffic)
            return scenario.model_copy(update={"traffic": moved})
        case Condition.STARTS:
            events = [
                EventSpec.model_validate({"at": 0, "slow_starts": {"service": name, "extra": f"{extra_s:.3f}s"}})
                for name, service in scenario.services.items()
                if (extra_s := START_FACTOR * mean_start_s(service, service.policy)) > 0
            ]
            return scenario.model_copy(update={"timeline": (*events, *scenario.timeline)})
        case _:
            assert_never(condition)


def _more(source: SourceSpec) -> SourceSpec:
    closed = source.closed
    if closed is None:
        return source.model_copy(update={"scale": source.scale * TRAFFIC_FACTOR})
    stages = tuple(stage.model_copy(update={"target": round(stage.target * TRAFFIC_FACTOR)}) for stage in closed.stages)
    users = closed.model_copy(update={"users": round(closed.users * TRAFFIC_FACTOR), "stages": stages})
    return source.model_copy(update={"closed": users})


def _moved(source: SourceSpec, duration_s: float) -> SourceSpec:
    """Return the source with its burst at another time of the same run."""
    change = _moved_shape(source.shape, duration_s - source.from_s)
    if change is None:
        return source
    name = next(name for name in SHAPES if getattr(source, name) is not None)
    return source.model_copy(update={name: source.shape.model_copy(update=dict(change))})


def _moved_shape(shape: Shape, length_s: float) -> Mapping[str, object] | None:
    """Return the changed fields of a shape; None if it has no burst at a fixed time.

    A burst goes to the middle between its time and the later end of the run, or earlier if there is more room before.
    """
    match shape:
        case SpikeSpec():
            room_s = length_s - shape.at_s - shape.rise_s - shape.for_s - shape.fall_s
            return {"at_s": _elsewhere(shape.at_s, max(0.0, room_s))}
        case AtOnceSpec():
            return {"at_s": _elsewhere(shape.at_s, max(0.0, length_s - shape.at_s))}
        case SineSpec():
            return {"peak_at_s": (shape.peak_at_s + shape.period_s / 4) % shape.period_s}
        case StepsSpec():
            half = len(shape.levels) // 2
            return {"levels": (*shape.levels[half:], *shape.levels[:half])} if half else None
        case ClockSpec() | PoissonSpec() | RampSpec() | StagesSpec() | MmppSpec() | ClosedSpec() | BinsSpec():
            return None
        case TraceSpec():
            return None
        case _:
            assert_never(shape)


def _elsewhere(at_s: float, room_s: float) -> float:
    return at_s + room_s / 2 if room_s >= at_s else at_s / 2
