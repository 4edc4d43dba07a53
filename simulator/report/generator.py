"""The report's part about the load generator."""

from __future__ import annotations

from simulator.model.text.field_docstrings import DescribedModel
from simulator.records.request_stats import RequestStats
from simulator.traffic.live.summary import kept_up


class GeneratorPart(DescribedModel):
    """How late the load generator sent; always 0 in virtual time."""

    late_p50_s: float | None
    late_p99_s: float | None
    late_max_s: float | None
    kept_up: bool
    """False: the generator could not keep up, and latencies contain its own lateness."""


def generator_part(whole: RequestStats) -> GeneratorPart:
    p50_s, p99_s = whole.late.quantiles((0.5, 0.99))
    return GeneratorPart(
        late_p50_s=p50_s,
        late_p99_s=p99_s,
        late_max_s=whole.late.max_s if whole.late.count else None,
        kept_up=kept_up(p99_s),
    )
