"""A sweep as one page: the answer, cost against latency, and every point in a table that can be sorted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import simulator
from simulator.lab.answer.alternatives import Alternative
from simulator.lab.answer.parts import AnswerPart
from simulator.lab.compare.figures import FIGURES
from simulator.lab.frontier import frontier
from simulator.lab.page.blocks import (
    Block,
    Interval,
    LabPage,
    PageAxis,
    PageCell,
    PageColumn,
    PagePoint,
    PageRow,
    PageSection,
    PageSeries,
    ScatterBlock,
    TableBlock,
    answer_block,
)
from simulator.lab.page.html import lab_page_html
from simulator.lab.statistics import estimate
from simulator.lab.sweep.answers import SWEEP_OBJECTIVES, setting_name, settings_of
from simulator.lab.sweep.point_run import Row
from simulator.model.text.quantities import quantity_text

_SHOWN: Final = tuple(SWEEP_OBJECTIVES)
_RANKS_MAX: Final = 20  # the table has all
_COST: Final = "month_usd"
_LATENCY: Final = "latency_p95_s"


def sweep_html(title: str, rows: Sequence[Row], axes: Sequence[str], answer: AnswerPart) -> str:
    """Return the page. The values of the first axis are the series of its chart."""
    first = axes[0]
    values = {setting_name({name: row[name] for name in axes}): row for row in rows}
    settings = settings_of(rows, axes)
    series = list(dict.fromkeys(f"{first} {values[each.name][first]}" for each in settings))
    of_setting = {each.name: f"{first} {values[each.name][first]}" for each in settings}
    drawn = [each for each in settings if each.mean(_COST) is not None and each.mean(_LATENCY) is not None]
    places = [(each.mean(_COST) or 0.0, each.mean(_LATENCY) or 0.0) for each in drawn]
    front = set(frontier(places, [not each.failing for each in drawn]))
    points = [
        PagePoint(
            series=of_setting[each.name],
            name=each.name,
            x=_interval(each, _COST),
            y=_interval(each, _LATENCY),
            details=_details(each),
            is_failing=bool(each.failing),
            is_on_front=place in front,
            is_best=each.name == answer.best,
        )
        for place, each in enumerate(drawn)
    ]
    chart = ScatterBlock(
        "Cost and latency",
        "Lower left is better. A hollow point fails: its error rate is 5 % or more, or most of its runs fail a check "
        "of the scenario. The dashed line joins those that pass and that no other beats in both. Bars are 95 % "
        "intervals.",
        PageAxis("USD per month at this traffic", "usd"),
        PageAxis("p95 latency", "s"),
        points,
    )
    order = {rank.alternative: place for place, rank in enumerate(answer.ranking)}
    table = TableBlock(
        "All settings",
        "setting",
        [*(PageColumn(FIGURES[name].heading, FIGURES[name].about) for name in _SHOWN), PageColumn("result")],
        [
            PageRow(of_setting[each.name], each.name, _cells(each, answer))
            for each in sorted(settings, key=lambda each: order.get(each.name, len(order)))
        ],
    )
    blocks: list[Block] = [answer_block(answer, "setting", are_series=False, ranks_max=_RANKS_MAX), chart, table]
    page = LabPage(
        f"{title}: {' x '.join(axes)}",
        f"{len(settings)} settings, {answer.runs} run{'s' * (answer.runs != 1)} of each",
        [PageSection("Answer", blocks)],
        [PageSeries(name, name) for name in series],
        f"simulator {simulator.__version__}. Terms: docs/reference/glossary.md.",
    )
    return lab_page_html(page)


def _interval(setting: Alternative, figure: str) -> Interval:
    found = estimate(setting.columns[figure])
    assert found is not None, "only settings with a value are drawn"
    return found.mean, found.low, found.high


def _details(setting: Alternative) -> list[tuple[str, str]]:
    figures = [(FIGURES[name].heading, quantity_text(setting.mean(name), FIGURES[name].unit)) for name in _SHOWN]
    return [*figures, *(("fails", text) for text in setting.failing)]


def _cells(setting: Alternative, answer: AnswerPart) -> list[PageCell]:
    cells = []
    for name in _SHOWN:
        mean = setting.mean(name)
        is_best = setting.name == answer.best and name == answer.objective
        cells.append(PageCell(quantity_text(mean, FIGURES[name].unit), value=mean, is_best=is_best))
    word = "best" if setting.name == answer.best else "ties with the best" if setting.name in answer.ties else ""
    return [*cells, PageCell(f"fails: {'; '.join(setting.failing)}" if setting.failing else word)]
