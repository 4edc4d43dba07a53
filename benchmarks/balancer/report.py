"""The figures as Markdown tables: minimum / median / maximum of the rounds, ratios, and whether the targets are met."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from benchmarks.balancer.latency import RATE_RPS
from benchmarks.balancer.peers import AIOHTTP, ENVOY, OURS
from benchmarks.balancer.wrk import CASES, HEADLINE, LARGE_ANSWERS, Measured

_BYTES_PER_MB: Final = 1e6
_BYTES_PER_KIB: Final = 1024

# Targets of the product's plan, relative to Envoy, which is App Runner's proxy, and to plain Python.
_CPU_TO_ENVOY_MAX: Final = 1.0
_CPU_TO_AIOHTTP_MAX: Final = 0.25
_LARGE_TO_ENVOY_MIN: Final = 0.7
_ADDED_P95_MS_MAX: Final = 2.0


@dataclass(slots=True)
class Results:
    """Figures by case and proxy, one per round. `p95_s` has the origin alone as `DIRECT`; `idle_bytes` is by proxy."""

    measured: dict[str, dict[str, list[Measured]]] = field(default_factory=dict)
    p95_s: dict[str, list[float]] = field(default_factory=dict)
    idle_bytes: dict[str, float] = field(default_factory=dict)

    def add(self, case: str, proxy: str, measured: Measured) -> None:
        self.measured.setdefault(case, {}).setdefault(proxy, []).append(measured)

    def added_ms(self, proxy: str) -> list[float]:
        """Return the increase of the 95th percentile that `proxy` causes, in ms, per round."""
        return [1000 * (through - alone) for through, alone in zip(self.p95_s[proxy], self.p95_s[DIRECT], strict=True)]


DIRECT: Final = "origin alone"


def text(results: Results) -> str:
    """Return the tables of everything that was measured in rounds; empty if nothing was."""
    parts = [_case_table(case.title, results.measured[case.name]) for case in CASES if case.name in results.measured]
    if results.p95_s:
        parts.append(_latency_table(results))
    verdicts = "\n".join(f"- {verdict}" for verdict in _evaluations(results))
    return "\n\n".join([*parts, *(["**Targets**\n\n" + verdicts] if verdicts else [])])


def _case_table(title: str, proxies: Mapping[str, Sequence[Measured]]) -> str:
    ours = proxies.get(OURS)
    rows = []
    for name, rounds in proxies.items():
        failed = sum(each.failed for each in rounds)
        rows.append(
            (
                name + (f" ({failed} of {sum(each.requests for each in rounds)} FAILED)" if failed else ""),
                spread([each.cpu_us for each in rounds], "{:.1f}"),
                _ratio(ours, rounds, lambda each: each.cpu_us) if name != OURS else "",
                spread([each.rate_rps for each in rounds], "{:,.0f}"),
                f"{median(each.busy for each in rounds):.0%}",
                spread([each.p50_ms for each in rounds], "{:.2f}"),
                spread([each.p99_ms for each in rounds], "{:.1f}"),
                spread([each.bytes_per_s / _BYTES_PER_MB for each in rounds], "{:.1f}"),
            )
        )
    head = ("proxy", "CPU µs/request", "ours / it", "requests/s", "core busy", "p50 ms", "p99 ms", "MB/s")
    return f"**{title}**\n\n{_table(head, rows)}"


def _latency_table(results: Results) -> str:
    rows = []
    for name, rounds in results.p95_s.items():
        added = "" if name == DIRECT else spread(results.added_ms(name), "{:+.2f}")
        rows.append((name, spread([1000 * each for each in rounds], "{:.2f}"), added))
    title = f"**Latency at {RATE_RPS:,.0f} requests/s, open loop, over TLS (the origin alone: plain)**"
    return f"{title}\n\n{_table(('proxy', 'p95 ms', 'added p95 ms'), rows)}"


def idle_table(idle_bytes: Mapping[str, float], count: int) -> str:
    rows = [(name, f"{each / _BYTES_PER_KIB:.1f}") for name, each in idle_bytes.items()]
    return f"**{count:,} idle TLS connections**\n\n{_table(('proxy', 'resident KiB each'), rows)}"


def _evaluations(results: Results) -> list[str]:
    found = []
    for peer, most in ((ENVOY, _CPU_TO_ENVOY_MAX), (AIOHTTP, _CPU_TO_AIOHTTP_MAX)):
        ratio = _median_ratio(results, HEADLINE.name, peer, lambda each: each.cpu_us)
        if ratio is not None:
            found.append(f"headline CPU per request: {ratio:.2f} x {peer}; target <= {most:g}: {_word(ratio <= most)}")
    ratio = _median_ratio(results, LARGE_ANSWERS.name, ENVOY, lambda each: each.bytes_per_s)
    if ratio is not None:
        reached = _word(ratio >= _LARGE_TO_ENVOY_MIN)
        found.append(f"1 MB answers: {ratio:.2f} x {ENVOY}'s bytes/s; target >= {_LARGE_TO_ENVOY_MIN:g}: {reached}")
    if OURS in results.p95_s:
        added = median(results.added_ms(OURS))
        reached = _word(added <= _ADDED_P95_MS_MAX)
        found.append(
            f"added p95 at {RATE_RPS:,.0f} requests/s: {added:.2f} ms; target <= {_ADDED_P95_MS_MAX:g} ms: {reached}"
        )
    return found


def _median_ratio(results: Results, case: str, peer: str, figure: Callable[[Measured], float]) -> float | None:
    proxies = results.measured.get(case, {})
    if OURS not in proxies or peer not in proxies:
        return None
    return median(ratios(proxies[OURS], proxies[peer], figure))


def _ratio(ours: Sequence[Measured] | None, rounds: Sequence[Measured], figure: Callable[[Measured], float]) -> str:
    return "" if ours is None else spread(ratios(ours, rounds, figure), "{:.2f}")


def ratios(ours: Sequence[Measured], peer: Sequence[Measured], figure: Callable[[Measured], float]) -> list[float]:
    """Return the ratio per round, because measurements of one round had the machine in a similar state."""
    return [figure(mine) / figure(theirs) for mine, theirs in zip(ours, peer, strict=True)]


def spread(values: Sequence[float], form: str) -> str:
    """Format as minimum / median / maximum."""
    return " / ".join(form.format(value) for value in (min(values), median(values), max(values)))


def _word(reached: bool) -> str:
    return "reached" if reached else "MISSED"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |" for line in lines
    )
