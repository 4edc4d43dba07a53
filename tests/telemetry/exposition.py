"""Validates an exposition with prometheus_client's OpenMetrics parser and the rules of `promtool check metrics`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

# Base units only, at the end of the name. `promtool` (prometheus/promql's promlint) rejects these.
OTHER_UNITS = re.compile(r"_(milliseconds|ms|minutes|hours|kilobytes|kb|megabytes|mb|percent|percentage)\b")
RESERVED = ("_total", "_count", "_sum", "_bucket", "_created")


def families(text: str) -> dict[str, Metric]:
    """Parse an exposition. Raises ValueError if the text is not valid OpenMetrics."""
    found = {family.name: family for family in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
    for name, family in found.items():
        check(name, family)
    return found


def check(name: str, family: Metric) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name), name
    assert family.documentation.strip(), f"{name} has no help"
    assert not name.endswith(RESERVED), name
    assert not OTHER_UNITS.search(name), name
    assert family.type in {"counter", "gauge", "histogram", "info"}, (name, family.type)
    for sample in family.samples:
        assert not {"instance", "job", "le"} & set(sample.labels) or sample.name.endswith("_bucket"), sample
        if family.type == "counter":
            assert sample.name == f"{name}_total", sample


def points(text: str) -> Iterator[tuple[float, str]]:
    """Split the file of a run into one exposition for each time.

    The parser accepts only one point of a histogram: it drops the buckets of the second as duplicates of the first.
    """
    heads: list[str] = []
    by_moment: dict[float, list[str]] = {}
    known: dict[float, int] = {}
    for line in text.splitlines():
        if line == "# EOF":
            break
        if line.startswith("#"):
            heads.append(line)
            continue
        moment = float(line.rsplit(" ", 1)[1])
        lines = by_moment.setdefault(moment, [])
        lines += [head for head in heads[known.get(moment, 0) :] if _is_of(head, line)]
        known[moment] = len(heads)
        lines.append(line)
    for moment in sorted(by_moment):
        yield moment, "\n".join([*by_moment[moment], "# EOF", ""])


def _is_of(head: str, line: str) -> bool:
    return line.startswith(head.split(" ")[2])
