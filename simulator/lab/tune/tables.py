"""The result of a tuning as tables of text: the terminal and the page show the same cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from simulator.lab.compare.comparison import EstimatePart
from simulator.lab.compare.tables import Cell, Table
from simulator.lab.tune.result import KnobPart, SettingPart, TuneResult
from simulator.model.text.quantities import latency_text, quantity_text, ratio_text, usd_text


def tables_of(result: TuneResult) -> list[Table]:
    """Return all tables that have rows."""
    tables = [settings_table(result), front_table(result), prices_table(result), adverse_table(result)]
    return [table for table in (*tables, *knob_tables(result)) if table.rows]


def settings_table(result: TuneResult) -> Table:
    """Return the choice beside the runner-up and today's setting."""
    named = {"choice": result.choice, "nearest": result.nearest, "runner-up": result.runner_up, "today": result.today}
    shown = {name: setting for name, setting in named.items() if setting is not None}
    return Table(
        "Settings",
        (*_keys(result), "USD/month", "p95", "error rate", "SLO"),
        tuple((name, (*_values(setting), *_figures(setting), Cell(_held(setting)))) for name, setting in shown.items()),
        marks=_marks(result),
    )


def _marks(result: TuneResult) -> Mapping[str, tuple[str, ...]]:
    found = result.difference
    if found is None or found.low is None or found.high is None:
        return {}
    unit = result.objective_unit
    low, high = (quantity_text(value, unit, signed=True) for value in (found.low, found.high))
    return {"runner-up": (f"{low} to {high}",)}


def front_table(result: TuneResult) -> Table:
    """Return the settings that no other beats in both cost and p95."""
    return Table(
        "Cost against p95: no other setting that was played is both cheaper and faster",
        ("p95", "error rate", *_keys(result), "SLO"),
        tuple(
            (
                usd_text(setting.month_usd),
                (*_figures(setting)[1:], *_values(setting), Cell("holds" if setting.holds else "fails")),
            )
            for setting in result.front
        ),
        heading="USD/month",
    )


def prices_table(result: TuneResult) -> Table:
    """Return what other limits of the SLO would cost."""
    keys = list(result.choice.changes) if result.choice is not None else []
    return Table(
        "Price of the SLO: the cheapest setting that was played for another limit",
        ("USD/month", "more", "USD per step", *keys),
        tuple(
            (
                price.text,
                (
                    Cell(usd_text(price.month_usd)),
                    Cell(quantity_text(price.usd_more, "usd", signed=True)),
                    Cell(f"{usd_text(price.usd_per_step)} per {price.step}"),
                    *(Cell(str(price.changes.get(key, ""))) for key in keys),
                ),
            )
            for price in result.prices
        ),
    )


def adverse_table(result: TuneResult) -> Table:
    """Return how the choice does on adverse days."""
    texts = result.slo
    return Table(
        "Adverse days",
        ("SLO", *(text.split()[0] for text in texts), "USD/month"),
        tuple(
            (
                part.text,
                (
                    Cell("holds" if part.holds else f"{part.days_held} of {part.days} days"),
                    *(Cell(quantity_text(value.mean, value.unit)) for value in part.slo),
                    Cell(usd_text(part.month_usd)),
                ),
            )
            for part in result.adverse
        ),
    )


def knob_tables(result: TuneResult) -> Iterator[Table]:
    """Yield a table for each knob: the choice with other values of it."""
    for knob in result.knobs:
        if knob.played:
            yield Table(
                f"{knob.label}: {knob.weight:.0%} of what the settings change".replace("%", " %"),
                ("USD/month", "more", "SLO"),
                tuple(_knob_rows(knob, result)),
                heading=knob.label,
            )


def _knob_rows(knob: KnobPart, result: TuneResult) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    best = result.best
    rows = {
        value.value: (Cell(usd_text(value.month_usd)), _more(value.usd_more), Cell(value.fails or "holds"))
        for value in knob.played
    }
    if best is not None:
        rows[knob.chosen] = (Cell(usd_text(best.month_usd)), Cell("chosen"), Cell("holds" if best.holds else "fails"))
    for text in knob.values:
        if text in rows:
            yield text, rows[text]


def _more(estimate: EstimatePart) -> Cell:
    return Cell(quantity_text(estimate.mean, "usd", signed=True))


def _keys(result: TuneResult) -> Sequence[str]:
    """Return the labels of the knobs, in the order of the space."""
    best = result.best
    return [] if best is None else list(best.changes)


def _values(setting: SettingPart) -> tuple[Cell, ...]:
    return tuple(Cell(str(value)) for value in setting.changes.values())


def _figures(setting: SettingPart) -> tuple[Cell, ...]:
    return (
        Cell(usd_text(setting.month_usd)),
        Cell(latency_text(setting.latency_p95_s)),
        Cell("-" if setting.error_rate is None else ratio_text(setting.error_rate)),
    )


def _held(setting: SettingPart) -> str:
    if not setting.holds:
        days = setting.days + setting.judged_days
        least = min((value.days_held for value in setting.slo), default=0)
        return f"{min(least + setting.judged_days_held, days)} of {days} days"
    return f"all {setting.days + setting.judged_days} days"
