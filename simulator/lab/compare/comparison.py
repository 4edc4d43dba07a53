"""A comparison as data: the versioned schema of `simulator compare --json`, which `--fail-if-worse-than` reads.

New fields do not change `COMPARISON_VERSION`. Values are listed per seed, in the order of the case's seeds, so that a
later comparison can be checked against this one run by run. Versions before 3 have other field names and cannot be
read. `null` means that there was nothing to measure. Units: figures.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import ConfigDict, Field

import simulator
from simulator.lab.answer.parts import AnswerPart
from simulator.model.text.field_docstrings import DescribedModel
from simulator.model.text.versions import DocumentFormat
from simulator.model.text.written_document import WrittenDocument
from simulator.rules.platforms.size_changes.moved_size import MovedSize

COMPARISON_VERSION: Final = 3


class ComparisonPart(DescribedModel):
    """Base class of the parts of a comparison. The docstring under a field is its description in the schema."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EstimatePart(ComparisonPart):
    """A mean over seeds with its 95 % confidence interval (lab/statistics.py), which need not be symmetric.

    `null`: too few seeds for an interval.
    """

    mean: float
    low: float | None
    high: float | None


class CurvePart(ComparisonPart):
    """The run with the first seed over time, in bins of equal width."""

    width_s: float
    demand: list[float]
    """Instances needed: the mean of the bin, where each second needs as many as its peak."""
    ready: list[float]
    """Instances able to serve, as the mean of the bin."""


class ItemPart(ComparisonPart):
    """Item of a month's bill, as the mean over the runs; an amount covered by a free tier is negative."""

    item: str
    quantity: float
    unit: str
    rate_usd: float
    usd: float


class SizePart(ComparisonPart):
    """The size that a platform took because it does not offer the scenario's."""

    asked_vcpu: float
    asked_memory_gb: float
    vcpu: float
    memory_gb: float
    name: str
    """The platform's name of the size; empty without one."""
    is_smaller: bool
    """True if no size of the platform has as much CPU and memory as the scenario's."""
    capacity_factor: float
    """CPU of an instance as a multiple of the scenario's."""
    cpu_time_factor: float
    """Time of the CPU work of a lone request as a multiple of the scenario's."""
    hour_usd: float | None
    """Price of a busy hour of an instance; null if the platform charges machines, not instances."""
    asked_hour_usd: float | None
    """The same for the scenario's size at the same rates; null without rates that apply to any size."""

    @classmethod
    def of(cls, moved: MovedSize | None) -> SizePart | None:
        """Return the part for a change of size; None without one."""
        if moved is None:
            return None
        return cls(
            asked_vcpu=moved.asked.vcpu,
            asked_memory_gb=moved.asked.memory_gb,
            vcpu=moved.taken.size.vcpu,
            memory_gb=moved.taken.size.memory_gb,
            name=moved.taken.name,
            is_smaller=moved.taken.is_smaller,
            capacity_factor=moved.capacity_factor,
            cpu_time_factor=moved.cpu_time_factor,
            hour_usd=moved.hour_usd,
            asked_hour_usd=moved.asked_hour_usd,
        )


class RowPart(ComparisonPart):
    """A candidate in a case."""

    candidate: str
    values: dict[str, list[float | None]]
    """Figure to its values, one per seed."""
    estimates: dict[str, EstimatePart]
    """Estimates of the figures that were measured."""
    differences: dict[str, EstimatePart]
    """This candidate's values minus the baseline's, seed by seed; empty for the baseline itself."""
    curve: CurvePart | None
    cannot_act: str = ""
    """Reason why no load makes it scale out in this case; empty if it can."""
    decisions: int | None = None
    """Number of changes of the desired count, summed over all runs."""
    failing: list[str] = Field(default=[])
    """Reasons why it is not on the frontier: its error rate, and scenario checks that most of its runs fail."""
    basis: str = ""
    """Unit of the demand; elasticity figures with different units cannot be compared."""
    month: list[ItemPart] = Field(default=[])
    """Bill of a month at this traffic."""
    size: SizePart | None = None
    """The size of instances on this platform; null if it offers the scenario's."""


class CasePart(ComparisonPart):
    """A service of a scenario, with the results of all candidates."""

    name: str
    """Name of the scenario, followed by the service's name if there are several services."""
    scenario: str
    service: str
    seeds: list[int]
    slo_s: float | None
    """SLO of the requests; null: only rejected and failed requests miss it."""
    duration_s: float | None = None
    """Length of a run, from which a month is extrapolated."""
    rows: list[RowPart]
    notes: list[str] = Field(default=[])
    """Notes to read before the figures, the most serious first."""
    equal: list[list[str]] = Field(default=[])
    """Candidates whose runs agree in every figure."""
    answer: AnswerPart | None = None
    """The best candidate, its ties and the differences from the baseline; of equal candidates it names one."""


class CandidatePart(ComparisonPart):
    """A candidate of the comparison."""

    label: str
    kind: Literal["policy", "platform"]
    about: str
    prices: str
    """Source and date of the prices; App Runner's are the scenario's."""
    is_reference: bool
    """True for an oracle that only represents the best possible result."""


class OverallPart(ComparisonPart):
    """A candidate's result over all cases."""

    candidate: str
    score: float | None
    """Geometric mean over the cases of the mean score; null if one is missing."""
    regret: float | None
    """Geometric mean over the cases of the mean regret; null if one is missing."""
    slo_miss_ratio: float | None
    """Share of all requests of all cases that missed the SLO."""
    run_usd: float | None
    """Cost of one run of every case, in total."""
    failing: list[str] = Field(default=[])
    """Reasons why it is not on the frontier of some case; candidates that pass in every case come first."""


class FailurePart(ComparisonPart):
    """A run that stopped with an error. Its seed remains in all lists, with null values."""

    scenario: str
    candidate: str
    seed: int
    error: str


class Comparison(ComparisonPart):
    """Candidates compared on the same traffic."""

    comparison_version: Literal[3]
    simulator: str
    """Version of the simulator."""
    baseline: str
    miss_usd: float
    """Cost of a missed request in the score."""
    backend: str
    candidates: list[CandidatePart]
    cases: list[CasePart]
    overall: list[OverallPart]
    """Candidates that pass in every case first, then by score; lowest score first."""
    failures: list[FailurePart]
    objective: str = "score"
    """The figure that the best candidate has lowest."""
    answer: AnswerPart | None = None
    """The answer over all cases, on their geometric means; null for a single case, which has its own."""


def comparison_json(comparison: Comparison) -> str:
    """Return the document that `--json` writes."""
    return comparison.model_dump_json(indent=1) + "\n"


def run_rows(comparison: Comparison) -> list[dict[str, str | float | None]]:
    """Return one row per case, candidate and seed, with a column for every figure."""
    return [
        {
            "scenario": case.scenario,
            "service": case.service,
            "candidate": row.candidate,
            "seed": seed,
            **{name: values[place] for name, values in row.values.items()},
        }
        for case in comparison.cases
        for row in case.rows
        for place, seed in enumerate(case.seeds)
    ]


def read_comparison(file: Path) -> Comparison:
    """Read a comparison from a JSON file.

    Raises:
        OtherVersion: for a comparison of another version.
        ValueError: for any other file; the message names the file and the fault.
    """
    return _DOCUMENT.read(file)


_DOCUMENT: Final = WrittenDocument(
    Comparison,
    DocumentFormat("comparison_version", COMPARISON_VERSION, simulator.__version__, "make the comparison again"),
    "compare",
)
