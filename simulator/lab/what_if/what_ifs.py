"""Which change would have prevented a loss: plays the run again with a few changes, chosen by the verdict's causes.

For each service that lost requests, the settings that act on its main causes are tried, beginning with the value that
the run suggests: the most instances that the policy wanted, or the load as a multiple of what was served. From there
the search doubles the change until it is enough, then halves the interval, until the smallest change is found that is
enough, or the rounds are used up. The seed is that of the run, so a difference is the effect of the change. Changes of
several services are played together: they affect each other only through a downstream resource that they share.

Nothing is estimated: each figure is one of a complete run of the scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final, NamedTuple

from simulator.lab.backend_names import AUTO, COMPILED
from simulator.lab.compare.backends import backend_of, kind_of
from simulator.lab.what_if.ladders import Ladder, ladders
from simulator.replay.runner import BrokenRun
from simulator.report.report import build_report
from simulator.report.schema import Report, ServicePart
from simulator.report.verdict.part import CauseKind, ServiceVerdictPart, WhatIfPart
from simulator.report.verdict.verdict import summary, with_what_ifs
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec

ROUNDS_MAX: Final = 5
# Without a number of rounds, all rounds together play about so many requests on the event loop, which takes seconds.
REQUESTS_MAX: Final = 500_000
_CAUSE_MIN: Final = 0.1  # share of the lost requests from which the changes of a further cause are played
_LADDERS_MAX: Final = 2  # settings tried in a service
# A change is enough if it leaves at most this share of the loss, beside that of causes on which no setting acts.
_LEFT_MAX: Final = 0.01
# For a run that was slow and lost nothing: a change is enough if the 95 % quantile falls to this share.
_FASTER: Final = 0.5
# A change that prevents a loss must not make the others slower: the 95 % quantile stays below this multiple.
_SLOWER_MAX: Final = 1.5

OnPlay = Callable[[str], None]


@dataclass(slots=True)
class _Search:
    """The search along one ladder: the smallest position known to be enough, and the largest known not to be."""

    ladder: Ladder
    at: int
    not_enough: int = -1
    enough: int | None = None
    tried: dict[int, int] = field(default_factory=dict)  # position -> lost requests

    @property
    def is_done(self) -> bool:
        """True if the smallest change that is enough is known, or no value is enough and none has better neighbours."""
        if self.enough is not None:
            return self.enough - self.not_enough <= 1
        return self.at in self.tried

    def note(self, lost: int, *, is_enough: bool) -> None:
        """Note the result at `at`, and move on: halve the interval, or double the change."""
        self.tried[self.at] = lost
        if is_enough:
            self.enough = self.at
        else:
            self.not_enough = max(self.at, self.not_enough)
        if self.enough is not None:
            self.at = (self.enough + self.not_enough) // 2 if self.not_enough >= 0 else max(0, self.enough - 1)
            return
        last = len(self.ladder.values) - 1
        self.at = min(last, 2 * self.not_enough + 1)
        if self.at in self.tried:
            best = min(self.tried, key=self.tried.__getitem__)
            beside = (place for place in (best - 1, best + 1) if 0 <= place <= last and place not in self.tried)
            self.at = next(beside, best)


class _Played(NamedTuple):
    """A change that was played, and its position in its ladder."""

    part: WhatIfPart
    place: int


@dataclass(slots=True)
class _Service:
    """The searches of one service, and what was played for it."""

    part: ServicePart
    verdict: ServiceVerdictPart
    searches: list[_Search]
    allowed: float  # lost requests that a change may leave
    played: list[_Played] = field(default_factory=list)

    @property
    def next(self) -> _Search | None:
        """The search of the next round: each setting once, then the one that is enough, else in turn."""
        open_ones = [search for search in self.searches if not search.is_done]
        fresh = [search for search in open_ones if not search.tried]
        succeeded = [search for search in open_ones if search.enough is not None]
        by_turn = sorted(open_ones, key=lambda search: len(search.tried))
        return next(iter([*fresh[:1], *succeeded, *by_turn]), None)


def with_played_changes(
    report: Report,
    scenario: ScenarioSpec,
    rounds: int | None = None,
    backend: str = AUTO,
    on_play: OnPlay = lambda _: None,
) -> Report:
    """Return the report whose verdict says what would have prevented the loss.

    `rounds`: how often the scenario is played again at most; default: up to ROUNDS_MAX, fewer for long runs.
    `on_play` receives each change before it is played. Raises what a run of the scenario raises.
    """
    verdict = report.verdict
    if verdict is None or not report.run.complete or rounds == 0:
        return report
    services = _services(report, scenario)
    if not services:
        return report
    limit = _rounds(report, scenario) if rounds is None else rounds
    if limit == 0:
        count = report.requests.whole_run.requests
        return _with(report, verdict.services, f"the run has {count:,} requests; --what-ifs 3 plays it three times")
    reason = _play(services, scenario, limit, backend, on_play)
    found = {service.part.name: _best_first(service.played) for service in services}
    return _with(report, [with_what_ifs(part, found.get(part.service, [])) for part in verdict.services], reason)


def _rounds(report: Report, scenario: ScenarioSpec) -> int:
    """Return how often a run can be played again in some seconds."""
    rounds = REQUESTS_MAX // max(1, report.requests.whole_run.requests)
    if rounds == 0 and kind_of(AUTO, scenario, ROUNDS_MAX).name == COMPILED:
        return ROUNDS_MAX
    return min(ROUNDS_MAX, rounds)


def _play(services: Sequence[_Service], scenario: ScenarioSpec, rounds: int, backend: str, on_play: OnPlay) -> str:
    """Play up to `rounds` rounds. Return why it ended early, or an empty text."""
    play = backend_of(backend, rounds)
    for _ in range(rounds):
        searches = {service.part.name: search for service in services if (search := service.next) is not None}
        if not searches:
            break
        changed = scenario.played_to_the_end()
        for search in searches.values():
            changed = search.ladder.changed(changed, search.ladder.values[search.at])
        on_play(", ".join(_label(search) for search in searches.values()))
        try:
            after = build_report(play(changed))
        except (ScenarioError, BrokenRun) as error:
            return str(error)
        for service in services:
            if service.part.name in searches:
                _note(service, searches[service.part.name], after)
    return ""


def _with(report: Report, services: Sequence[ServiceVerdictPart], not_played: str) -> Report:
    assert report.verdict is not None, "the caller has checked it"
    update = {"services": list(services), "text": summary(services), "not_played": not_played}
    return report.model_copy(update={"verdict": report.verdict.model_copy(update=update)})


def _services(report: Report, scenario: ScenarioSpec) -> list[_Service]:
    """Return the services of the scenario that have a loss, or were slow, and a setting that acts on the cause."""
    assert report.verdict is not None, "the caller has checked it"
    parts: Mapping[str, ServicePart] = {part.name: part for part in report.services}
    found = []
    for verdict in report.verdict.services:
        if verdict.service not in scenario.services:
            continue  # the timeline created it
        part = parts[verdict.service]
        by_cause = {cause: ladders(scenario, report, part, cause) for cause in verdict.causes}
        acted = sum(
            cause.requests
            for cause, tried in by_cause.items()
            if tried and cause.outcome != "slow" and cause.kind is not CauseKind.RETRIES
        )
        main = [tried for cause, tried in by_cause.items() if cause.requests >= _CAUSE_MIN * verdict.lost]
        # the first setting of each cause, then their second ones
        tried = [ladder for rank in zip_longest(*main) for ladder in rank if ladder is not None]
        distinct: dict[str, Ladder] = {}
        for ladder in tried:
            distinct.setdefault(ladder.label(ladder.values[0]), ladder)
        searches = [_Search(ladder, ladder.guess) for ladder in list(distinct.values())[:_LADDERS_MAX]]
        if searches and (acted or not verdict.lost):
            found.append(_Service(part, verdict, searches, verdict.lost - (1 - _LEFT_MAX) * acted))
    return found


def _label(search: _Search) -> str:
    return search.ladder.label(search.ladder.values[search.at])


def _note(service: _Service, search: _Search, after: Report) -> None:
    """Store what was played, and whether it is enough."""
    part = next(part for part in after.services if part.name == service.part.name)
    assert after.verdict is not None, "every run has one"
    verdict = next(each for each in after.verdict.services if each.service == service.part.name)
    bins = len(service.part.series.offered)
    counts = [sum(column) for column in zip(*(series.counts for series in verdict.errors), strict=True)] or [0] * bins
    p95_s, before_p95_s = part.requests.latency.p95_s, service.part.requests.latency.p95_s
    is_enough = verdict.lost <= service.allowed
    if p95_s is not None and before_p95_s is not None:
        is_enough = is_enough and p95_s <= (_SLOWER_MAX if service.verdict.lost else _FASTER) * before_p95_s
    played = WhatIfPart(
        change=_label(search),
        cause=search.ladder.cause,
        rejected=part.requests.rejected,
        errors=verdict.lost,
        requests=part.requests.requests,
        error_rate=part.requests.error_rate,
        p95_s=p95_s,
        month_usd=part.cost.month.usd,
        month_usd_more=part.cost.month.usd - service.part.cost.month.usd,
        is_enough=is_enough,
        errors_by_bin=counts if len(counts) == bins else [],
    )
    service.played.append(_Played(played, search.at))
    search.note(verdict.lost, is_enough=is_enough)


def _best_first(played: Sequence[_Played]) -> list[WhatIfPart]:
    """Return the cheapest change that is enough first, the smallest of several; else the one that loses least."""

    def rank(each: _Played) -> tuple[bool, float, int, int]:
        part = each.part
        return not part.is_enough, round(part.month_usd, 2) if part.is_enough else part.errors, each.place, part.errors

    return [each.part for each in sorted(played, key=rank)]
