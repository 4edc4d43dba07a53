"""Reports of load tools with totals instead of requests: the summary of k6, the report of Artillery.

Formats: Grafana k6 documentation, "End of test" (`--summary-export`, and the data of `handleSummary`); Artillery's
documentation, "Reports" (`artillery run --output F`): a part for each ten seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from simulator.ingest.blocks import Block, Counts, Percentiles, Reading, bins_between
from simulator.ingest.format import Format
from simulator.ingest.formats.json_document import document, items, starts_with
from simulator.ingest.input_file import InputFile

_PERIOD_S: Final = 10.0
_K6_SHARES: Final[Mapping[str, float]] = {
    "min": 0.0,
    "med": 0.5,
    "p(90)": 0.9,
    "p(95)": 0.95,
    "p(99)": 0.99,
    "max": 1.0,
}
_ARTILLERY_SHARES: Final[Mapping[str, float]] = {
    "min": 0.0, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 1.0,
}  # fmt: skip


def _number(file: InputFile, place: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < np.inf:
        raise file.problem(1, place, repr(value), "a number, at least 0")
    return float(value)


def _percentiles(
    file: InputFile, number: int, place: str, found: Mapping[str, Any], shares: Mapping[str, float]
) -> Iterator[Percentiles]:
    """Yield the percentiles of durations in milliseconds, made ascending: they are rounded one by one."""
    pairs = [
        (share, _number(file, f"{place}.{key}", found[key]) / 1000) for key, share in shares.items() if key in found
    ]
    if pairs:
        seconds = np.maximum.accumulate([each for _, each in pairs])
        yield Percentiles(number, tuple(share for share, _ in pairs), tuple(seconds.tolist()))


# --- k6 --------------------------------------------------------------------------------------------------------


def _is_k6_summary(file: InputFile) -> bool:
    return starts_with(file, "metrics") and all(key in file.head for key in (b'"http_reqs"', b'"http_req_duration"'))


def _k6_summary(file: InputFile, reading: Reading) -> Iterator[Block]:
    metrics = document(file)["metrics"]
    requests, durations = (metrics[name].get("values", metrics[name]) for name in ("http_reqs", "http_req_duration"))
    count = _number(file, "metrics.http_reqs.count", requests.get("count"))
    rate_rps = _number(file, "metrics.http_reqs.rate", requests.get("rate"))
    if not count or not rate_rps:
        raise file.problem(1, "metrics.http_reqs.count", f"{count:g}", "at least one request")
    number = reading.functions.number("http_reqs")
    yield Counts(number, 0.0, count / rate_rps, np.array([count]))
    yield from _percentiles(file, number, "metrics.http_req_duration", durations, _K6_SHARES)


# --- Artillery -------------------------------------------------------------------------------------------------


def _is_artillery_report(file: InputFile) -> bool:
    return starts_with(file, "aggregate") and b'"counters"' in file.head and b'"vusers.created"' in file.head


def _artillery_report(file: InputFile, reading: Reading) -> Iterator[Block]:
    report = document(file)
    number = reading.functions.number("http.requests")
    parts = items(report, "intermediate")
    counted = {
        int(part["period"]) // 1000: _number(file, "http.requests", part["counters"].get("http.requests", 0))
        for part in parts
    }
    if not any(counted.values()):
        raise file.problem(1, "intermediate", f"{len(parts)} parts without requests", "a part with http.requests")
    first_s = min(counted)
    counts = np.zeros(bins_between(first_s, max(counted), _PERIOD_S))
    for at_s, count in counted.items():
        counts[(at_s - first_s) // int(_PERIOD_S)] += count
    yield Counts(number, float(first_s), _PERIOD_S, counts)
    times = report["aggregate"]["summaries"].get("http.response_time", {})
    yield from _percentiles(file, number, "http.response_time", times, _ARTILLERY_SHARES)


_GUESSED: Final = ("the percentiles of the whole test are the service time, queueing included",)
K6_SUMMARY: Final = Format(
    "k6-summary",
    "summary of k6 (`k6 run --summary-export F`, handleSummary)",
    _is_k6_summary,
    _k6_summary,
    kept=("the number of requests in the whole test, as one bin; percentiles of http_req_duration",),
    guessed=_GUESSED,
    dropped=("the rate over time, which only `--out json=F` has; checks, users, data",),
)
ARTILLERY_REPORT: Final = Format(
    "artillery-report",
    "report of Artillery (`artillery run --output F`)",
    _is_artillery_report,
    _artillery_report,
    kept=("http.requests of each ten seconds; percentiles of http.response_time",),
    guessed=_GUESSED,
    dropped=("users, codes, metrics by endpoint, how the latency changes over time",),
)
