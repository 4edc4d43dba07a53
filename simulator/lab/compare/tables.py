"""A comparison as tables of text: selects, orders and formats the figures for human readers.

The terminal and the HTML page show the same cells. A cell is the mean, a plus-minus sign and half of its 95 %
confidence interval; a clearly asymmetric interval is shown by its two sides, such as `-0.1 +0.4`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from simulator.lab.compare.candidates import ORACLE
from simulator.lab.compare.comparison import CasePart, Comparison, EstimatePart, RowPart
from simulator.lab.compare.figures import FIGURES, Better, Figure
from simulator.lab.compare.month_table import month_columns, month_title
from simulator.lab.statistics import RUNS_MIN
from simulator.model.text.quantities import EPSILON, NOTHING, Unit, digits_text, quantity_text, spread_factor, time_text

# Suffix of a policy that no load makes scale out in this scenario.
CANNOT_ACT: Final = " (cannot act here)"
BEST: Final = "best"
TIE: Final = "ties with the best"
REQUESTS: Final = (
    "latency_p50_s",
    "latency_p95_s",
    "latency_p99_s",
    "error_rate",
    "slo_miss_ratio",
    "cold_start_ratio",
)
COSTS: Final = ("instance_hours", "run_usd", "usd_per_million", "score", "score_misses", "regret")
ELASTICITY: Final = (
    "under_provisioned_amount",
    "over_provisioned_amount",
    "under_provisioned_time",
    "over_provisioned_time",
    "instability",
    "sigma",
    "elastic_speedup",
)
SCORES: Final = ("pairwise", "fractional", "sigma_worst")
# An interval that extends this many times further to one side than to the other is shown by its two sides.
_LEANS: Final = 1.5


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell. `spread` is the text of the interval; empty if unknown. `is_best`: the best value of its column.

    `value`: what a column is sorted by; None: by its text.
    """

    text: str
    spread: str = ""
    is_best: bool = False
    value: float | None = None

    def __str__(self) -> str:
        return f"{self.text} {self.spread}" if self.spread else self.text


@dataclass(frozen=True, slots=True)
class Table:
    """A table. `headings` names every column but the first, which has the heading `heading` and the names of the rows.

    `marks` maps a row's name to the lines below it: candidates with equal figures, `cannot act here`, `fails`.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    heading: str = ""
    marks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def main_tables(case: CasePart) -> list[Table]:
    """Return the main tables of a case, which fit a terminal."""
    slo = "" if case.slo_s is None else f", SLO {time_text(case.slo_s)}"
    seeds = f"{len(case.seeds)} seed{'s' * (len(case.seeds) != 1)}"
    if len(case.seeds) < RUNS_MIN:
        seeds += f" (n = {len(case.seeds)}: no interval)"
    groups: list[tuple[str, tuple[str, ...], list[RowPart]]] = [
        (f"{case.name}: requests, {seeds}{slo}", REQUESTS, case.rows),
        (f"{case.name}: what it costs", COSTS, case.rows),
    ]
    groups += [(f"{case.name}: how supply follows demand{basis}", ELASTICITY, rows) for basis, rows in _by_basis(case)]
    tables = [_table(case, title, names, rows) for title, names, rows in groups]
    tables.insert(2, _month_table(case))
    return [table for table in tables if table.headings and table.rows]


def elasticity_score_tables(case: CasePart) -> list[Table]:
    """Return the tables of elasticity scores, for cases with two or more candidates. Only pages show them."""
    return [
        _table(case, f"{case.name}: how supply follows demand, against each other{basis}", SCORES, rows)
        for basis, rows in _by_basis(case)
        if any("pairwise" in row.estimates for row in rows)
    ]


def _by_basis(case: CasePart) -> Iterator[tuple[str, list[RowPart]]]:
    """Group the rows by the unit of their demand, because elasticity figures in different units are not comparable."""
    for basis in dict.fromkeys(row.basis for row in case.rows):
        yield f" ({basis})" * bool(basis), [row for row in case.rows if row.basis == basis]


def _month_table(case: CasePart) -> Table:
    """Return the monthly bill by item and the amount to pay.

    The free tier, which is per account, is a column of its own.
    """
    rows = [row for row in _first_of_equals(case, case.rows) if "month_usd" in row.estimates]
    items = month_columns(rows)
    totals = ("month_usd", "month_net_usd") if "free tier" in items else ("month_usd",)
    best = {name: best_of(case, FIGURES[name]) for name in totals}
    cells = [
        tuple(Cell(quantity_text(column[place], "usd"), value=column[place]) for column in items.values())
        for place in range(len(rows))
    ]
    return Table(
        month_title(case),
        (*items, *_headings(totals)),
        tuple((row.candidate, (*own, *_cells(row, totals, best))) for row, own in zip(rows, cells, strict=True)),
        marks=marks_of(case),
    )


def difference_tables(case: CasePart, baseline: str) -> list[Table]:
    """Return differences from the baseline, seed by seed. A difference larger than its spread is significant."""
    if len(case.seeds) < 2 or all(not row.differences for row in case.rows):
        return []
    title = f"{case.name}: difference from {baseline} (pp: percentage points)"
    return [_difference_table(case, baseline, title, (*REQUESTS[1:-1], "usd_per_million", "score"))]


def overall_table(comparison: Comparison) -> Table:
    """Return one table over all cases; the best candidate first."""
    rows = tuple(
        (
            part.candidate,
            (
                Cell(quantity_text(part.score, "usd"), value=part.score),
                Cell(quantity_text(part.regret, "factor"), value=part.regret),
                Cell(quantity_text(part.slo_miss_ratio, "ratio"), value=part.slo_miss_ratio),
                Cell(quantity_text(part.run_usd, "usd"), value=part.run_usd),
            ),
        )
        for part in comparison.overall
        if not is_oracle_of_platform(part.candidate)
    )
    marks = {part.candidate: ("fails",) for part in comparison.overall if part.failing}
    return Table("over all cases", ("score", "regret", "SLO misses", "USD"), rows, marks=marks)


def is_oracle(candidate: str) -> bool:
    """Return True for any oracle: it is a reference, not a candidate that a user could choose."""
    return candidate.partition(" ")[0] == ORACLE


def is_measure(candidate: str) -> bool:
    """Return True for an oracle with another actuator than the scenario's: it only serves to compute regret."""
    return candidate.startswith(f"{ORACLE} as ")


def is_oracle_of_platform(candidate: str) -> bool:
    """Return True for an oracle that shows the best possible result on a platform."""
    return candidate.startswith(f"{ORACLE} ")


def best_of(case: CasePart, figure: Figure) -> frozenset[str]:
    """Return the candidates, without oracles, with the best mean among those that pass; none if all means are equal."""
    known = {
        row.candidate: _badness(row.estimates[figure.name].mean, figure.better)
        for row in case.rows
        if figure.name in row.estimates and not is_oracle(row.candidate) and not row.failing
    }
    least, most = min(known.values(), default=0.0), max(known.values(), default=0.0)
    alone = len(known) == 1 and any(row.failing for row in case.rows)
    if most - least <= EPSILON and not alone:
        return frozenset()
    return frozenset(name for name, badness in known.items() if badness - least <= EPSILON)


def _badness(value: float, better: Better) -> float:
    return {"low": value, "high": -value, "zero": abs(value), "neither": 0.0}[better]


def _table(case: CasePart, title: str, wanted: Sequence[str], of_table: Sequence[RowPart]) -> Table:
    names = [name for name in wanted if any(name in row.estimates for row in of_table)]
    best = {name: best_of(case, FIGURES[name]) for name in names}
    rows = tuple((row.candidate, tuple(_cells(row, names, best))) for row in _first_of_equals(case, of_table))
    return Table(title, _headings(names), rows, marks=marks_of(case))


def _first_of_equals(case: CasePart, rows: Sequence[RowPart]) -> Iterator[RowPart]:
    """Yield the first row of each group with equal figures; its marks name the others.

    Rows are in the order of the case's objective; oracles come last, and those for reference only are omitted.
    """
    repeated = {name for names in case.equal for name in names[1:]}
    order = objective_order(case)
    shown = [row for row in rows if row.candidate not in repeated and not is_measure(row.candidate)]
    yield from sorted(shown, key=lambda row: order.get(row.candidate, len(order)))


def objective_order(case: CasePart) -> dict[str, int]:
    """Map each candidate to its place by the objective, equal candidates to the same one; empty without an answer."""
    if case.answer is None:
        return {}
    places = {rank.alternative: place for place, rank in enumerate(case.answer.ranking)}
    for names in case.equal:
        known = [places[name] for name in names if name in places]
        places |= {name: place for place in known[:1] for name in names}
    return places


def with_equals(case: CasePart) -> dict[str, str]:
    """Map each candidate in a chart to its title, such as `hpa (and 2 equal)`; the equal ones are omitted."""
    counts = {names[0]: len(names) - 1 for names in case.equal}
    repeated = {name for names in case.equal for name in names[1:]}
    return {
        row.candidate: f"{row.candidate} (and {counts[row.candidate]} equal)"
        if row.candidate in counts
        else row.candidate
        for row in case.rows
        if row.candidate not in repeated
    }


def marks_of(case: CasePart) -> dict[str, tuple[str, ...]]:
    """Return the lines below the names of rows, by candidate."""
    silent = {row.candidate for row in case.rows if row.cannot_act}
    equals = {names[0]: tuple(f"= {name}{CANNOT_ACT * (name in silent)}" for name in names[1:]) for names in case.equal}
    marks = {}
    for row in case.rows:
        lines = _placed(case, row.candidate) + equals.get(row.candidate, ())
        if row.cannot_act:
            lines += ("cannot act here",)
        if row.failing and not is_oracle(row.candidate):
            lines += ("fails",)
        if lines:
            marks[row.candidate] = lines
    return marks


def _placed(case: CasePart, candidate: str) -> tuple[str, ...]:
    """Return the mark of the candidate with the best objective, and of those that tie with it."""
    if case.answer is None:
        return ()
    same = next((names for names in case.equal if candidate in names), [candidate])
    places = {rank.alternative: rank.place for rank in case.answer.ranking}
    words = {"best": BEST, "tie": TIE}
    return tuple(words[place] for name in same if (place := places.get(name)) in words)


def failure_lines(case: CasePart) -> list[str]:
    """Return why candidates fail, one line per set of reasons, without oracles."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in case.rows:
        if row.failing and not is_oracle(row.candidate):
            groups.setdefault(tuple(row.failing), []).append(row.candidate)
    return [f"Fails ({'; '.join(reasons)}): {', '.join(names)}" for reasons, names in groups.items()]


def _difference_table(case: CasePart, baseline: str, title: str, wanted: Sequence[str]) -> Table:
    names = [name for name in wanted if any(name in row.differences for row in case.rows)]
    rows = tuple(
        (row.candidate, tuple(_cell(row.differences.get(name), FIGURES[name].unit, signed=True) for name in names))
        for row in _first_of_equals(case, case.rows)
        if row.candidate != baseline and not is_oracle_of_platform(row.candidate)
    )
    return Table(title, _headings(names), rows, marks=marks_of(case))


def _cells(row: RowPart, names: Sequence[str], best: Mapping[str, frozenset[str]]) -> Iterator[Cell]:
    for name in names:
        yield _cell(row.estimates.get(name), FIGURES[name].unit, is_best=row.candidate in best[name])


def _cell(found: EstimatePart | None, unit: Unit, *, signed: bool = False, is_best: bool = False) -> Cell:
    if found is None:
        return Cell(NOTHING)
    spread = _spread(found, spread_factor(found.mean, unit))
    return Cell(quantity_text(found.mean, unit, signed=signed), spread, is_best, found.mean)


def _spread(found: EstimatePart, factor: float) -> str:
    if found.low is None or found.high is None:
        return ""
    below, above = (found.mean - found.low) * factor, (found.high - found.mean) * factor
    if max(below, above) <= EPSILON:
        return ""
    if min(below, above) * _LEANS >= max(below, above):
        return f"±{digits_text((below + above) / 2, 2)}"
    # Omit a side of zero length; an interval that ends at 0 must not be rounded to beyond it.
    to_zero = 0 <= found.low <= EPSILON and below > EPSILON
    sides = [f"-{digits_text(below, 3 if to_zero else 2)}"] if below > EPSILON else []
    return " ".join([*sides, *([f"+{digits_text(above, 2)}"] if above > EPSILON else [])])


def _headings(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(FIGURES[name].heading for name in names)
