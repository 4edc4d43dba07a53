"""The content of a page of the laboratory as values: sections of blocks, which web/assets/lab.js draws.

A figure is (mean, lower end, upper end) of its interval; an end that is None is not drawn. A series is a candidate of a
comparison or a value of a sweep's first axis: it has one colour and shape on the whole page, and can be hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from simulator.lab.answer.alternatives import OBJECTIVES, AnswerFigure
from simulator.lab.answer.parts import AnswerPart
from simulator.model.text.quantities import Unit, quantity_text

Interval = tuple[float, float | None, float | None]


@dataclass(frozen=True, slots=True)
class PageSeries:
    """A series. `is_reference`: an oracle, which is no choice."""

    name: str
    label: str
    is_reference: bool = False


@dataclass(frozen=True, slots=True)
class PageAxis:
    """An axis of a chart."""

    label: str
    unit: Unit


@dataclass(frozen=True, slots=True)
class PagePoint:
    """A point of a scatter chart. `details`: pairs of texts, shown when the point is selected."""

    series: str
    name: str
    x: Interval
    y: Interval
    details: Sequence[tuple[str, str]]
    is_failing: bool = False
    is_on_front: bool = False
    is_best: bool = False


@dataclass(frozen=True, slots=True)
class ScatterBlock:
    """Points of two figures; those on the front are joined by a line."""

    title: str
    caption: str
    x: PageAxis
    y: PageAxis
    points: Sequence[PagePoint]
    kind: Literal["scatter"] = "scatter"


@dataclass(frozen=True, slots=True)
class PageCurve:
    """Instances needed and ready over time, in bins of equal width."""

    series: str
    label: str
    width_s: float
    needed: Sequence[float]
    ready: Sequence[float]


@dataclass(frozen=True, slots=True)
class CurvesBlock:
    """A small chart for each curve."""

    title: str
    caption: str
    curves: Sequence[PageCurve]
    kind: Literal["curves"] = "curves"


@dataclass(frozen=True, slots=True)
class PageColumn:
    """A column of a table. `about` explains it where the pointer rests."""

    heading: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class PageCell:
    """A cell. `value` is what the column is sorted by; without it the text is."""

    text: str
    spread: str = ""
    value: float | None = None
    is_best: bool = False


@dataclass(frozen=True, slots=True)
class PageRow:
    """A row. `series` None: it is not hidden with any series."""

    series: str | None
    name: str
    cells: Sequence[PageCell]
    marks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table that its reader can sort by any column."""

    title: str
    heading: str
    columns: Sequence[PageColumn]
    rows: Sequence[PageRow]
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class PageRank:
    """An alternative in the order of the objective."""

    series: str | None
    alternative: str
    text: str
    mean: float | None
    place: str
    failing: Sequence[str]


@dataclass(frozen=True, slots=True)
class AnswerBlock:
    """The answer in words, and the order of the alternatives by the objective."""

    headline: str
    sentences: Sequence[str]
    noun: str
    heading: str
    ranking: Sequence[PageRank]
    kind: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class NotesBlock:
    """Sentences below a heading; warnings are marked."""

    texts: Sequence[str]
    title: str = ""
    is_warning: bool = False
    kind: Literal["notes"] = "notes"


@dataclass(frozen=True, slots=True)
class DefinitionsBlock:
    """Terms and what they mean, folded until they are opened."""

    title: str
    rows: Sequence[tuple[str, str]]
    kind: Literal["definitions"] = "definitions"


Block = ScatterBlock | CurvesBlock | TableBlock | AnswerBlock | NotesBlock | DefinitionsBlock


@dataclass(frozen=True, slots=True)
class PageSection:
    """A section with its heading."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class LabPage:
    """A page."""

    title: str
    subtitle: str
    sections: Sequence[PageSection]
    series: Sequence[PageSeries] = field(default=())
    footer: str = ""


def answer_block(answer: AnswerPart, heading: str, *, are_series: bool = True, ranks_max: int = 1000) -> AnswerBlock:
    """Return the block of an answer. `are_series`: its alternatives are series of the page."""
    figure: AnswerFigure = OBJECTIVES[answer.objective]
    ranking = [
        PageRank(
            series=rank.alternative if are_series else None,
            alternative=rank.alternative,
            text=quantity_text(rank.mean, figure.unit),
            mean=rank.mean,
            place=rank.place,
            failing=rank.failing,
        )
        for rank in answer.ranking[:ranks_max]
    ]
    return AnswerBlock(answer.headline, answer.sentences, figure.noun, heading, ranking)
