"""The plan of a tuning: its days, its space, its SLO, and how sure the choice must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from simulator.lab.backend_names import AUTO
from simulator.lab.tune.days import Condition, Days, days_of
from simulator.lab.tune.search.judging import judging_days
from simulator.lab.tune.slo import Objective, Slo, parse_objective
from simulator.lab.tune.space import Space, SpaceKnob, space_of
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, ScenarioText

INDIFFERENCE: Final = 0.01
CONFIDENCE: Final = 0.95
# Share of the days on which the SLO must hold: 36 judging days without a failure prove 90 %.
DAYS_SHARE: Final = 0.9
TRAINING_DAYS: Final = 40  # at most, for candidates; others are played on the base days
_BASE_DAYS: Final = 2
_BASE_DAYS_MAX: Final = 6
_ATTEMPTS: Final = 8
# Runs without a limit of the user: a share of those of every setting on ten days, within bounds.
_RUNS_SHARE: Final = 0.05
_RUNS: Final = (400, 2000)


@dataclass(frozen=True)
class TunePlan:
    """The plan of a tuning. `files`: the scenario files of the days to choose on, and then of those to judge on.

    `required`: adverse conditions that the choice must hold under. `runs_max` None: by the size of the space.

    Raises:
        ScenarioError: if a scenario file cannot be used.
        ValueError: for a space or objective that cannot be read, or files whose services differ.
    """

    files: Sequence[Path]
    slo: Slo
    vary: Sequence[str] = ()
    objective: Objective = field(default_factory=lambda: parse_objective("usd"))
    judge: Sequence[Path] = ()
    required: Sequence[Condition] = ()
    indifference: float = INDIFFERENCE
    confidence: float = CONFIDENCE
    share: float = DAYS_SHARE
    runs_max: int | None = None
    backend: str = AUTO
    explain: bool = True
    sources: tuple[ScenarioText, ...] = field(init=False)
    scenarios: tuple[ScenarioSpec, ...] = field(init=False)
    space: Space = field(init=False)

    def __post_init__(self) -> None:
        sources = tuple(map(ScenarioText.of, [*self.files, *self.judge]))
        # with the SLO as the checks, so that it is checked like the file: its services, sources and paths must exist
        scenarios = tuple(source.scenario({"checks": self.slo.texts}) for source in sources)
        first = scenarios[0]
        for scenario in scenarios:
            scenario.require("virtual")
            if list(scenario.services) != list(first.services):
                msg = f"{scenario.file}: services = {', '.join(scenario.services)}, must be {', '.join(first.services)}"
                raise ValueError(msg)
        object.__setattr__(self, "sources", sources)
        object.__setattr__(self, "scenarios", scenarios)
        space = space_of(first, self.vary)
        object.__setattr__(self, "space", space)
        for knob in space.knobs:
            _require_a_value(sources[0], knob)

    @property
    def days(self) -> Days:
        """The days to choose and to judge on."""
        judging = judging_days(_ATTEMPTS, self.share, self.confidence)
        places = range(len(self.files), len(self.files) + len(self.judge))
        seeds = [scenario.seed for scenario in self.scenarios]
        return days_of(seeds, places, TRAINING_DAYS, judging, self.required)

    @property
    def base_days(self) -> int:
        """On how many days every setting is played: each file under each condition once, if they are few."""
        return min(max(_BASE_DAYS, self.kinds), _BASE_DAYS_MAX)

    @property
    def kinds(self) -> int:
        """How many kinds of days there are to choose on: each file under each condition."""
        return len(self.files) * (1 + len(self.required))

    @property
    def runs(self) -> int:
        """How many runs the choice may take."""
        if self.runs_max is not None:
            return self.runs_max
        return round(min(max(_RUNS_SHARE * 10 * len(self.space.settings), _RUNS[0]), _RUNS[1]))


def _require_a_value(source: ScenarioText, knob: SpaceKnob) -> None:
    """Check that a key exists, and that at least one of its values is possible beside the scenario's other settings.

    Raises what the scenario with the first value raises if not.
    """
    first: ScenarioError | None = None
    for position in range(len(knob.values)):
        try:
            source.scenario(knob.changes(position))
        except ScenarioError as error:
            first = first or error
        else:
            return
    if first is not None:
        raise first
