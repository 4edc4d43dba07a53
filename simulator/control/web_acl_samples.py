"""Samples of the requests that web ACLs have evaluated, for GetSampledRequests.

Of each metric of a web ACL the last requests are kept, as many as a call can return.

# ASSUMPTION: the last ones; AWS takes its sample from the first 5,000 requests of the time range. Two thousand requests
# and a call on AWS settle how it chooses.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from simulator.model.resources.api_error import ApiError
from simulator.rules.waf.log_document import WafRecord, metric_names, sample_document
from simulator.rules.waf.web_acl import WebAcl

SAMPLES_MAX: Final = 500
RANGE_S_MAX: Final = 3 * 3600  # AWS moves an earlier start of the range here
_MINUTE_S: Final = 60
_SCOPE: Final = "REGIONAL"


class _Range(NamedTuple):
    begin_s: float
    end_s: float


class _Metric:
    __slots__ = ("counts", "kept")

    def __init__(self) -> None:
        self.kept: deque[tuple[float, WafRecord]] = deque(maxlen=SAMPLES_MAX)
        self.counts: Counter[int] = Counter()  # requests by minute

    def add(self, at_s: float, record: WafRecord) -> None:
        self.kept.append((at_s, record))
        minute = int(at_s // _MINUTE_S)
        if minute not in self.counts:
            for old in [each for each in self.counts if each < minute - RANGE_S_MAX // _MINUTE_S]:
                del self.counts[old]
        self.counts[minute] += 1


class WebAclSamples:
    """`now`: seconds since 1970. Subscribe `read` to the journal's `WafRecord`."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._metrics: dict[tuple[str, str], _Metric] = {}  # by ARN of the web ACL and name of the metric

    def read(self, record: WafRecord) -> None:
        at_s = self._now()
        for name in record.metric_names:
            self._metrics.setdefault((record.acl.arn, name), _Metric()).add(at_s, record)

    def answer(self, acl: WebAcl, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to GetSampledRequests. Raises ApiError."""
        if request.get("Scope") != _SCOPE:
            raise _invalid("SCOPE_VALUE", f"Scope must be {_SCOPE}")
        items = request.get("MaxItems")
        if not isinstance(items, int) or isinstance(items, bool) or not 1 <= items <= SAMPLES_MAX:
            raise _invalid("MAX_ITEMS", f"MaxItems must be a number from 1 to {SAMPLES_MAX}")
        given, metric = _range(request.get("TimeWindow"), self._now()), request.get("RuleMetricName")
        known = metric_names(acl)
        if metric not in known:
            hint = f"RuleMetricName = {metric}, must be one of {', '.join(known)}"
            raise ApiError("WAFNonexistentItemException", _NONEXISTENT, hint)
        found = self._metrics.get((acl.arn, str(metric)), _Metric())
        inside = [each for each in found.kept if given.begin_s <= each[0] <= given.end_s][-items:]
        first, last = given.begin_s // _MINUTE_S, given.end_s // _MINUTE_S
        population = sum(count for minute, count in found.counts.items() if first <= minute <= last)
        return {
            "SampledRequests": [sample_document(record, at_s) for at_s, record in inside],
            "PopulationSize": population,
            "TimeWindow": {"StartTime": given.begin_s, "EndTime": given.end_s},
        }


_NONEXISTENT: Final = "AWS WAF couldn\u2019t perform the operation because your resource doesn\u2019t exist."


def _range(window: Any, now_s: float) -> _Range:
    """Return the time range of a call, at most the last three hours."""
    if not isinstance(window, dict):
        raise _invalid("TIME_WINDOW", "TimeWindow must have StartTime and EndTime")
    begin_s, end_s = _seconds(window.get("StartTime")), _seconds(window.get("EndTime"))
    if begin_s is None or end_s is None or begin_s > end_s:
        raise _invalid("TIME_WINDOW", "StartTime and EndTime must be times, the first not after the second")
    return _Range(max(begin_s, now_s - RANGE_S_MAX), end_s)


def _seconds(value: Any) -> float | None:
    """Return a time of the protocol: seconds since 1970, or text of ISO 8601."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return None


def _invalid(field: str, hint: str) -> ApiError:
    message = f"Error reason: The parameter is not valid., field: {field}"
    return ApiError("WAFInvalidParameterException", message, hint)
