"""The result of a tuning as data: the versioned schema of `simulator tune --json`.

A setting is given by its changes to the scenario file, in the words of `sweep --vary` (scenario/changes.py), so that
`load_scenario(file, setting.changes)` is the scenario with it. Values of an SLO have the unit of its metric
(scenario/check_metrics.py); costs are in USD per month at the scenario's traffic, without the free tier.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ConfigDict, Field

import simulator
from simulator.lab.compare.comparison import EstimatePart
from simulator.model.text.field_docstrings import DescribedModel
from simulator.model.text.versions import DocumentFormat
from simulator.model.text.written_document import WrittenDocument

TUNE_VERSION: Final = 1


class TunePart(DescribedModel):
    """Base class of the parts of the result. The docstring under a field is its description in the schema."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SloValuePart(TunePart):
    """What a setting achieves of one part of the SLO, over the days that it was played on."""

    text: str
    """The part as given, such as `p95 < 300 ms`."""
    metric: str
    unit: Literal["s", "ratio", "count", "rps", "usd"]
    limit: float
    mean: float | None
    """Mean over the days; null if no day had anything to measure."""
    worst: float | None
    """Value of the worst day."""
    days_held: int
    """Number of days on which it held."""


class SettingPart(TunePart):
    """A setting that was played, with its figures."""

    changes: dict[str, Any]
    """Key of the scenario file to its value."""
    text: str
    """The setting in words, such as `MaxConcurrency 40, MinSize 2`."""
    objective: EstimatePart
    """What is minimised, over the days that all compared settings were played on."""
    month_usd: float
    """Mean cost per month at this traffic."""
    latency_p95_s: float | None
    error_rate: float | None
    slo: list[SloValuePart]
    days: int
    """Number of days that it was played on to choose."""
    holds: bool
    """True if every part of the SLO held on all of these days."""
    judged_days: int = 0
    """Number of further days on which it was judged; 0: it was not."""
    judged_days_held: int = 0


class DifferencePart(TunePart):
    """How much more the runner-up has of what is minimised than the choice, day by day on the same random numbers."""

    mean: float
    low: float | None
    high: float | None
    ratio: float
    """The mean as a share of the choice's value."""


class GuaranteePart(TunePart):
    """What is certain about the choice, and by which procedure."""

    text: str
    """The guarantee in a sentence."""
    indifference: float
    """A setting that is better by less than this share counts as equal."""
    confidence: float
    days_share: float
    """The SLO holds on at least this share of days like those judged, with the confidence above."""
    days_judged: int
    settings: int
    """Number of settings in the space."""
    settings_played: int
    settings_compared: int
    """Number of settings that the last stage compared with the choice."""


class SloPricePart(TunePart):
    """The cheapest setting that was played for another limit of one part of the SLO, the others unchanged."""

    text: str
    """The part with this limit."""
    limit: float
    month_usd: float
    usd_more: float
    """Cost beyond that of the choice; negative for a looser limit."""
    usd_per_step: float
    """Cost of each step between the limit of the SLO and this one: 10 ms of a latency, a nine of a ratio."""
    step: str
    setting: str
    changes: dict[str, Any]


class KnobValuePart(TunePart):
    """The choice with another value of one knob."""

    value: str
    month_usd: float
    usd_more: EstimatePart
    """Cost beyond that of the choice, on the same days."""
    holds: bool
    fails: str = ""
    """Why it fails, such as `p95 412 ms`."""


class KnobPart(TunePart):
    """A setting that varies."""

    name: str
    label: str
    values: list[str]
    """Its values in the space."""
    chosen: str
    played: list[KnobValuePart]
    """The choice with other values of this knob, those next to it first."""
    weight: float
    """How much it matters: the mean change of the objective and the SLO over its values, relative to all knobs (sum
    1).
    """


class AdversePart(TunePart):
    """The choice under conditions that it was not chosen for."""

    name: str
    text: str
    """The condition in words, such as `1.3 x the traffic`."""
    required: bool
    """True if the choice had to hold under it."""
    holds: bool
    days: int
    days_held: int
    slo: list[SloValuePart]
    month_usd: float


class CurrentCheckPart(TunePart):
    """A current setting beside the choice, on the days that judge."""

    text: str
    """What was found, in sentences."""
    current: SettingPart
    """The current setting, with its figures on these days."""
    share: float
    """The SLO must hold on this share of the days."""
    holds: bool
    """True if it does."""
    within: float
    """How much more than the choice the current setting may have of what is minimised, as a share."""
    more: EstimatePart | None
    """How much more it has, as a share, day by day on the same random numbers; null without a choice."""
    is_near: bool
    """True if that is within the allowed share; without a choice there is nothing to compare."""
    passed: bool


class PlayedPart(TunePart):
    """The runs that were played."""

    runs: int
    exhaustive_runs: int
    """Runs of every setting on every day of the choice."""
    seconds: float
    backend: str
    training_days: list[str]
    judging_days: list[str]


class TuneResult(TunePart):
    """What to set, how sure it is, and what it costs."""

    tune_version: Literal[1]
    simulator: str
    """Version of the simulator."""
    scenario: str
    file: str
    files: list[str]
    """All scenario files of the days to choose on."""
    slo: list[str]
    objective: str
    """What is minimised, as given: a metric of checks, `usd` is the cost per month."""
    objective_unit: Literal["s", "ratio", "count", "rps", "usd"]
    answer: str
    """The result in one or two sentences."""
    choice: SettingPart | None
    """The best setting that holds the SLO on the days that judge; null if none holds."""
    nearest: SettingPart | None
    """If none holds: the setting that comes nearest."""
    runner_up: SettingPart | None
    difference: DifferencePart | None
    today: SettingPart | None
    """The scenario's own setting."""
    guarantee: GuaranteePart
    front: list[SettingPart]
    """Settings that no other beats in both cost and latency, among those that hold the rest of the SLO."""
    prices: list[SloPricePart]
    """The price of the SLO: other limits, stricter and looser."""
    knobs: list[KnobPart]
    """The knob that matters most first."""
    failing_neighbours: list[str] = Field(default=[])
    """Settings one step from the choice that fail, with the reason."""
    adverse: list[AdversePart]
    played: PlayedPart
    check: CurrentCheckPart | None = None
    """The check of a current setting (`--check`)."""
    notes: list[str] = Field(default=[])

    @property
    def best(self) -> SettingPart | None:
        """The choice, or the nearest setting if none holds."""
        return self.choice or self.nearest


def tune_json(result: TuneResult) -> str:
    """Return the result as indented JSON with a newline at its end."""
    return result.model_dump_json(indent=2) + "\n"


def read_tune(file: Path) -> TuneResult:
    """Return the result in a file that `simulator tune --json` wrote.

    Raises:
        OtherVersion: for a result of another version.
        ValueError: for any other file; the message names the file and the fault.
    """
    return _DOCUMENT.read(file)


_DOCUMENT: Final = WrittenDocument(
    TuneResult, DocumentFormat("tune_version", TUNE_VERSION, simulator.__version__, "tune again"), "tune"
)
