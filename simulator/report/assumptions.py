"""The report's part about assumptions: how the headline figures change when an assumption is moved."""

from __future__ import annotations

from pydantic import ConfigDict

from simulator.model.text.field_docstrings import DescribedModel


class _Part(DescribedModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HeadlinePart(_Part):
    """The headline figures of a run, or a difference of each; null if there was nothing to measure."""

    error_rate: float | None
    """(rejected + failed) / offered."""
    latency_p95_s: float | None
    month_usd: float | None
    """Per month at this traffic."""
    instance_hours: float | None
    """Hours for which instances were provisioned."""


class AssumptionMovePart(_Part):
    """The run with the assumption at one end of its range."""

    value: str
    """The value of the setting."""
    change: HeadlinePart | None
    """Difference from the run of the same seed with the assumed value; null if the run failed."""
    error: str
    """Why the run failed; otherwise empty."""


class AssumptionPart(_Part):
    """An assumption on which the run depends."""

    setting: str
    """The setting that it moves, as in `--vary`."""
    services: list[str]
    """The services that depend on it; the setting is moved in all of them."""
    sentence: str
    where: list[str]
    """The modules whose code assumes it."""
    value: str
    """The assumed value."""
    why: str
    """The reason for the range."""
    moves: list[AssumptionMovePart]
    effect: float
    """The largest change of a headline figure, as a multiple of that figure's noise."""
    within_noise: bool
    """True if no figure changes by more than its noise."""


class SetAssumptionPart(_Part):
    """A setting with an assumed default that the scenario file sets, so that it is not moved."""

    setting: str
    services: list[str]
    value: str


class UnmovedAssumptionPart(_Part):
    """An assumption that may matter for the run, and that no setting moves."""

    where: str
    why: str


class AssumptionsPart(_Part):
    """The assumptions that the run depends on, those with the largest effect first."""

    runs: int
    """The number of runs that were played for this part."""
    seeds: list[int]
    """The seeds of the runs that measure the noise; the moved runs have the first one."""
    base: HeadlinePart
    """The figures of the first seed, with the assumed values."""
    noise: HeadlinePart
    """The range of each figure over the seeds, and at least its resolution."""
    ranked: list[AssumptionPart]
    set_in_file: list[SetAssumptionPart]
    unmoved: list[UnmovedAssumptionPart]
