"""What deployments did to a service: how many instances served before and after, and how the new version behaves."""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.model.instance import READY, InstanceState
from simulator.records.events import ANOTHER_REVISION, Event, InstanceMoved
from simulator.records.instance_time import StepFunction
from simulator.records.series import BinnedRequests
from simulator.report.verdict.spans import Bins, Mask

# The new version is compared with the one before in this time before and after the switch, in which the load is about
# the same.
COMPARED_S: Final = 60.0
_COMPARED_BINS: Final = 3
_FAILS_MORE: Final = 0.01  # share of the requests by which the new version fails more often
_SLOWER: Final = 1.5  # factor of the median latency
_REQUESTS_MIN: Final = 10


class Replacement(NamedTuple):
    """A deployment. `at_s`: when it switched the traffic. `old`: ready instances that it replaced, `new`: by which."""

    at_s: float
    old: int
    new: int


class VersionChange(NamedTuple):
    """A version that fails more often, or is slower, than the one before.

    `failed_share`: share of its requests that the application failed; 0 if it does not fail more often. `median_s` and
    `before_s`: median latency of both; 0 if it is not slower. `after`: the bins in which it served.
    """

    at_s: float
    failed_share: float
    median_s: float
    before_s: float
    after: Mask


class _Service(NamedTuple):
    """The instances that each replacement took away, by the time of its switch, and when others began and ended."""

    leaving: dict[float, set[int]]
    spans: dict[int, list[tuple[float, float]]]  # from which time to which an instance was ready


def replacements(service: str, events: Sequence[Event], switches: Sequence[float]) -> list[Replacement]:
    """Return the deployments that replaced ready instances. `switches`: when another revision got the traffic."""
    instances = _instances(service, events, switches)
    found = []
    for at_s, old in sorted(instances.leaving.items()):
        ready = {number for number, spans in instances.spans.items() if any(a <= at_s < b for a, b in spans)}
        found.append(Replacement(at_s, len(old), len(ready - old)))
    return found


def serving_counts(service: str, events: Sequence[Event], switches: Sequence[float]) -> StepFunction:
    """Return how many ready instances belong to the revision that gets the traffic."""
    instances = _instances(service, events, switches)
    changes: defaultdict[float, int] = defaultdict(int)
    for number, spans in instances.spans.items():
        left = next((at_s for at_s, old in instances.leaving.items() if number in old), None)
        for begin_s, end_s in spans:
            # An instance that became ready before a switch and did not leave at it belongs to the new revision.
            joined = [at_s for at_s, old in instances.leaving.items() if begin_s < at_s < end_s and number not in old]
            changes[min(joined, default=begin_s)] += 1
            changes[end_s if left is None else min(left, end_s)] -= 1
    counts = StepFunction()
    for at_s, by in sorted(changes.items()):
        if at_s < float("inf"):
            counts.change(at_s, by)
    return counts


def _instances(service: str, events: Iterable[Event], switches: Sequence[float]) -> _Service:
    leaving: defaultdict[float, set[int]] = defaultdict(set)
    spans: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    since: dict[int, float] = {}
    for event in events:
        if not isinstance(event, InstanceMoved) or event.service != service:
            continue
        was, is_now = event.before in READY, event.after in READY
        if is_now and not was:
            since[event.instance] = event.at_s
        elif was and not is_now:
            spans[event.instance].append((since.pop(event.instance, 0.0), event.at_s))
            if event.after is InstanceState.DRAINING and event.why == ANOTHER_REVISION:
                place = bisect.bisect_right(switches, event.at_s)
                leaving[switches[place - 1] if place else event.at_s].add(event.instance)
    for number, begin_s in since.items():
        spans[number].append((begin_s, float("inf")))
    return _Service(dict(leaving), dict(spans))


def version_changes(
    replaced: Sequence[Replacement], bins: Bins, requests: BinnedRequests, failed: NDArray[np.int64]
) -> list[VersionChange]:
    """Return the deployments whose version fails more often, or is slower, than the one before.

    `failed`: requests that the application itself failed, by bin.
    """
    found = []
    reach_s = max(COMPARED_S, _COMPARED_BINS * bins.width_s)
    for number, each in enumerate(replaced):
        until_s = replaced[number + 1].at_s if number + 1 < len(replaced) else float("inf")
        near_before = (bins.ends_s <= each.at_s) & (bins.begins_s >= each.at_s - reach_s)
        near_after = (bins.begins_s >= each.at_s) & (bins.ends_s <= min(each.at_s + reach_s, until_s))
        shares = [_share(failed, requests.offered, mask) for mask in (near_before, near_after)]
        medians = [_median_s(requests, mask) for mask in (near_before, near_after)]
        fails = shares[1] > shares[0] + _FAILS_MORE and int(failed[near_after].sum()) >= _REQUESTS_MIN
        is_slower = bool(medians[1] > _SLOWER * medians[0])  # NaN if there were too few requests
        if fails or is_slower:
            after = (bins.ends_s > each.at_s) & (bins.begins_s < until_s)
            median_s, before_s = (medians[1], medians[0]) if is_slower else (0.0, 0.0)
            found.append(VersionChange(each.at_s, shares[1] if fails else 0.0, median_s, before_s, after))
    return found


def _share(failed: NDArray[np.int64], offered: NDArray[np.int64], mask: Mask) -> float:
    total = int(offered[mask].sum())
    return float(failed[mask].sum()) / total if total else 0.0


def _median_s(requests: BinnedRequests, mask: Mask) -> float:
    """Return the median of the bins' medians; NaN if fewer than ten requests were served."""
    medians = requests.p50_s[mask & ~np.isnan(requests.p50_s)]
    enough = int(requests.served[mask].sum()) >= _REQUESTS_MIN and medians.size
    return float(np.median(medians)) if enough else float("nan")
