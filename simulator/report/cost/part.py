"""The report's parts about what App Runner would charge."""

from __future__ import annotations

from pydantic import ConfigDict

from simulator.model.text.field_docstrings import DescribedModel


class LinePart(DescribedModel):
    """A line of a bill: quantity x rate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: str
    quantity: float
    unit: str
    rate_usd: float
    usd: float


class BillPart(DescribedModel):
    """USD, not rounded to cents."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lines: list[LinePart]
    usd: float


class CostPart(DescribedModel):
    """The cost that App Runner would charge."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str
    """The Region whose rates apply."""
    prices: str = ""
    """The date and source of the rates."""
    estimated: bool = False
    """True if the Region's rates are estimates, not read from a source (prices says how)."""
    month_rests_on: str = ""
    """The basis from which the month is extrapolated."""
    run: BillPart
    """For the whole run, warm-up included."""
    month: BillPart
    """The cost of 730 hours like the run; minimum charges that extend beyond the end of the run are cut there."""
    usd_per_million_served: float | None
    """The run's bill / served requests x 10^6."""
