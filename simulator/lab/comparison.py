"""A comparison as data: the documented, versioned schema of `simulator compare --json`, and of `--fail-if-worse-than`.

Additions keep `COMPARISON_VERSION`. Values stand per seed, in the order of the case's seeds, so that a later comparison
can be held against this one run by run. Versions before 3 have other names of fields and are not read. `null`: there
was nothing to measure. Units: compare_figures.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

COMPARISON_VERSION: Final = 3


class Part(BaseModel):
    """A part of the comparison; the docstring under a field is its description in the schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class EstimatePart(Part):
    """A mean over seeds with its 95 % confidence interval (statistics.py), which need not be symmetric.

    `null`: too few seeds for an interval.
    """

    mean: float
    low: float | None
    high: float | None


class CurvePart(Part):
    """The run with the first seed over time, in bins of equal width."""

    width_s: float
    demand: list[float]
    """Instances needed: the mean of the bin, its peak second by second."""
    ready: list[float]
    """Instances able to serve, the mean of the bin."""


class ItemPart(Part):
    """An item of the bill of a month, the mean of the runs; what a free tier covers is below 0."""

    item: str
    quantity: float
    unit: str
    rate_usd: float
    usd: float


class RowPart(Part):
    """A candidate in a case."""

    candidate: str
    values: dict[str, list[float | None]]
    """Figure to its values, one a seed."""
    estimates: dict[str, EstimatePart]
    """Figures that were measured."""
    differences: dict[str, EstimatePart]
    """This minus the baseline, seed by seed; none for the baseline itself."""
    curve: CurvePart | None
    cannot_act: str = ""
    """Why no load makes it scale out in this case; empty when it can."""
    decisions: int | None = None
    """How often all runs together changed the desired count."""
    failing: list[str] = []
    """What keeps it off the frontier: its error rate, checks of the scenario that most of its runs fail."""
    basis: str = ""
    """What the demand is measured in; elasticity of different bases cannot be compared."""
    month: list[ItemPart] = []
    """What a month costs, if every minute of it were like the runs."""


class CasePart(Part):
    """A service of a scenario."""

    name: str
    """The scenario's name, and the service's where there are several."""
    scenario: str
    service: str
    seeds: list[int]
    slo_s: float | None
    """What requests were held against; null: only lost ones miss it."""
    duration_s: float | None = None
    """How long a run is; what a month is extrapolated from."""
    rows: list[RowPart]
    notes: list[str] = []
    """What has to be known before the figures, the gravest first."""
    equal: list[list[str]] = []
    """Candidates whose runs agree in every figure."""


class CandidatePart(Part):
    """What was compared."""

    label: str
    kind: Literal["policy", "platform"]
    about: str
    prices: str
    """Whose prices, of when, and where they were read; App Runner's are the scenario's."""
    is_reference: bool
    """An oracle that only stands for the best possible."""


class OverallPart(Part):
    """A candidate over all cases."""

    candidate: str
    score: float | None
    """Geometric mean over the cases of the mean score; null when one is missing."""
    regret: float | None
    """The same of the regret."""
    slo_miss_ratio: float | None
    """Of all requests of all cases."""
    run_usd: float | None
    """A run of every case, all together."""
    failing: list[str] = []
    """What keeps it off the frontier of a case; those that pass everywhere come first."""


class FailurePart(Part):
    """A run that could not be played; its seed is missing from no list, its values are null."""

    scenario: str
    candidate: str
    seed: int
    error: str


class Comparison(Part):
    """Candidates side by side on the same traffic."""

    comparison_version: Literal[3]
    simulator: str
    """Its version."""
    baseline: str
    miss_usd: float
    """What a missed request costs in the score."""
    backend: str
    candidates: list[CandidatePart]
    cases: list[CasePart]
    overall: list[OverallPart]
    """Best score first."""
    failures: list[FailurePart]


def comparison_json(comparison: Comparison) -> str:
    """The document that `--json` writes."""
    return comparison.model_dump_json(indent=1) + "\n"


def read_comparison(file: Path) -> Comparison:
    """Raises ValueError, with the file and what is wrong, unless it is a comparison of this version."""
    try:
        return Comparison.model_validate_json(file.read_bytes())
    except OSError as error:
        msg = f"file = {str(file)!r}, must be a file that can be read: {error.strerror}"
        raise ValueError(msg) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if any(each["loc"] == ("comparison_version",) for each in error.errors(include_url=False)):
            must = f"comparison_version must be {COMPARISON_VERSION}, compare again"
            msg = f"file = {str(file)!r}, must be what `simulator compare --json` writes: {must}"
            raise ValueError(msg) from error
        place = ".".join(map(str, first["loc"])) or "the document"
        msg = f"file = {str(file)!r}, must be what `simulator compare --json` writes: {place}: {first['msg']}"
        raise ValueError(msg) from error
