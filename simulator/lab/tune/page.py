"""A tuning as one page: the answer, cost against latency, the price of the SLO, the knobs, and the tables.

The tables are those of the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simulator.lab.compare.tables import Table
from simulator.lab.page.blocks import (
    AnswerBlock,
    Block,
    LabPage,
    NotesBlock,
    PageAxis,
    PageCell,
    PageColumn,
    PagePoint,
    PageRank,
    PageRow,
    PageSection,
    PageSeries,
    ScatterBlock,
    TableBlock,
)
from simulator.lab.page.html import lab_page_html
from simulator.lab.tune.result import SettingPart, TuneResult
from simulator.lab.tune.tables import tables_of
from simulator.model.text.quantities import latency_text, quantity_text, ratio_text, usd_text

_FRONT: Final = "other settings"


def tune_html(result: TuneResult) -> str:
    """Return the page."""
    return lab_page_html(tune_page(result))


def tune_page(result: TuneResult) -> LabPage:
    """Return the content of the page."""
    named = _named(result)
    played = result.played
    notes = {
        "Neighbours that fail": result.failing_neighbours,
        "Adverse days": [f"{part.text}: {'holds' if part.holds else 'fails'}" for part in result.adverse],
        "Notes": result.notes,
    }
    answer: list[Block] = [
        _answer(result, named),
        *(NotesBlock(texts, title) for title, texts in notes.items() if texts),
    ]
    charts = list(_charts(result, named))
    series = [PageSeries(name, name) for name in (*named, _FRONT)]
    return LabPage(
        title=f"{result.scenario}: {', '.join(result.slo)}",
        subtitle=f"{played.runs} runs of {played.exhaustive_runs}, backend {played.backend}",
        sections=[
            PageSection("Answer", answer),
            *([PageSection("Cost, latency and the SLO", charts)] if charts else []),
            PageSection("Tables", [_table(table) for table in tables_of(result)]),
        ],
        series=series,
        footer=f"simulator {result.simulator}. Terms: docs/reference/glossary.md.",
    )


def _named(result: TuneResult) -> dict[str, SettingPart]:
    """Return the settings with a name: the choice (or the nearest), the runner-up and today's."""
    named = {"choice": result.choice, "nearest": result.nearest, "runner-up": result.runner_up, "today": result.today}
    return {name: setting for name, setting in named.items() if setting is not None}


def _answer(result: TuneResult, named: dict[str, SettingPart]) -> AnswerBlock:
    ranking = [
        PageRank(
            series=name,
            alternative=f"{name}: {setting.text}",
            text=quantity_text(setting.objective.mean, result.objective_unit),
            mean=setting.objective.mean,
            place="best" if setting is result.choice else "" if setting.holds else "fails",
            failing=_failing(setting),
        )
        for name, setting in named.items()
    ]
    noun = "USD a month" if result.objective == "usd" else result.objective
    return AnswerBlock(result.answer, [result.guarantee.text], noun, "setting", ranking)


def _failing(setting: SettingPart) -> list[str]:
    """Return the parts of the SLO that did not hold on all days."""
    if setting.holds:
        return []
    missed = [value for value in setting.slo if value.days_held < setting.days]
    return [f"{value.text} on {value.days_held} of {setting.days} days" for value in missed]


def _charts(result: TuneResult, named: dict[str, SettingPart]) -> Iterator[Block]:
    """Yield the front of cost and latency, and the cost of other limits of each part of the SLO."""
    known = {tuple(setting.changes.items()): name for name, setting in named.items()}
    others = [(_FRONT, setting) for setting in result.front if tuple(setting.changes.items()) not in known]
    front = {tuple(setting.changes.items()) for setting in result.front}
    points = [
        PagePoint(
            series=name,
            name=setting.text,
            x=(setting.month_usd, None, None),
            y=(setting.latency_p95_s, None, None),
            details=_details(setting),
            is_failing=not setting.holds,
            is_on_front=tuple(setting.changes.items()) in front,
            is_best=setting is result.choice,
        )
        for name, setting in [*named.items(), *others]
        if setting.latency_p95_s is not None
    ]
    if points:
        yield ScatterBlock(
            "Cost and latency",
            "Lower left is better. A hollow point fails the SLO. The line joins settings that no other beats in both.",
            PageAxis("USD per month at this traffic", "usd"),
            PageAxis("p95 latency", "s"),
            points,
        )
    yield from _prices(result)


def _prices(result: TuneResult) -> Iterator[Block]:
    """Yield a chart for each part of the SLO: the cheapest setting for each limit that was examined."""
    if result.choice is None:
        return
    for value in result.choice.slo:
        prices = [price for price in result.prices if price.text.split()[0] == value.text.split()[0]]
        if not prices:
            continue
        whole: list[tuple[str, float, float, str]] = [
            (price.text, price.limit, price.month_usd, price.setting) for price in prices
        ]
        whole.append((value.text, value.limit, result.choice.month_usd, result.choice.text))
        yield ScatterBlock(
            f"Price of the SLO: {value.text.split()[0]}",
            "The cheapest setting that was played for each limit, with the other parts of the SLO unchanged.",
            PageAxis("limit", value.unit),
            PageAxis("USD per month", "usd"),
            [
                PagePoint(
                    series="choice" if text == value.text else _FRONT,
                    name=text,
                    x=(limit, None, None),
                    y=(usd, None, None),
                    details=[("USD/month", usd_text(usd)), ("setting", setting)],
                    is_on_front=True,
                    is_best=text == value.text,
                )
                for text, limit, usd, setting in whole
            ],
        )


def _details(setting: SettingPart) -> list[tuple[str, str]]:
    rate = "-" if setting.error_rate is None else ratio_text(setting.error_rate)
    return [
        ("USD/month", usd_text(setting.month_usd)),
        ("p95", latency_text(setting.latency_p95_s)),
        ("error rate", rate),
        ("SLO", "holds" if setting.holds else "fails"),
    ]


def _table(table: Table) -> TableBlock:
    return TableBlock(
        table.title,
        table.heading or "setting",
        [PageColumn(heading) for heading in table.headings],
        [
            PageRow(
                None,
                name,
                [PageCell(cell.text, cell.spread, cell.value, cell.is_best) for cell in cells],
                table.marks.get(name, ()),
            )
            for name, cells in table.rows
        ],
    )
