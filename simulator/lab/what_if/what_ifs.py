"""Which change would have prevented a loss: plays the run again with a few changes, chosen by the verdict's causes.

For each service that lost requests, the settings that act on its main causes are tried, beginning with the value that
the run suggests: the most instances that the policy wanted, or the load as a multiple of what was served. From there
each setting is searched for the smallest change that is enough (search.py). If no setting is enough alone, two of them
are changed together. The seed is that of the run, so a difference is the effect of the change. Changes of several
services are played together: they affect each other only through a downstream resource that they share.

Nothing is estimated: each figure is one of a complete run of the scenario. Plays that only show whether a change is
enough end as soon as they have (short_plays.py); their figures are not reported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final, NamedTuple

from simulator.lab.backend_names import AUTO, COMPILED
from simulator.lab.compare.backends import kind_of
from simulator.lab.what_if.ladders import Ladder, combined, ladders
from simulator.lab.what_if.search import ChangeSearch, Tried
from simulator.lab.what_if.short_plays import EndRule, ShortPlay, play_until_decided
from simulator.replay.runner import BrokenRun
from simulator.report.report import build_report
from simulator.report.schema import Report, ServicePart
from simulator.report.verdict.part import CauseKind, ServiceVerdictPart, WhatIfPart
from simulator.report.verdict.verdict import summary, with_what_ifs
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec

PLAYS_MAX: Final = 12
# Without a number of plays, all plays together have about so many requests: on the event loop that takes seconds, and
# so it does in the compiled backend.
REQUESTS_MAX: Final = 600_000
COMPILED_REQUESTS_MAX: Final = 160_000_000
_CAUSE_MIN: Final = 0.1  # share of the lost requests from which the changes of a further cause are played
_LADDERS_MAX: Final = 2  # settings tried in a service
# A change is enough if it leaves at most this share of the loss, beside that of causes on which no setting acts.
_LEFT_MAX: Final = 0.01
# A play ends early if the change leaves this share of the loss, unless a larger change is known to be enough.
_STILL_LOST: Final = 0.5
# A play ends so long after the last loss of the run without the change; not at all if that is near the end of the run.
_AFTER_S: Final = 60.0
_NEAR_END: Final = 0.6
# Changes of one setting that are tried before it is changed together with another one.
_ALONE_MAX: Final = 2
# For a run that was slow and lost nothing: a change is enough if the 95 % quantile falls to this share.
_FASTER: Final = 0.5
# A change that prevents a loss must not make the others slower: the 95 % quantile stays below this multiple.
_SLOWER_MAX: Final = 1.5

OnPlay = Callable[[str], None]


class _Step(NamedTuple):
    """The next play for a service: a value of a search, in a complete run or only until it is known to be enough."""

    search: ChangeSearch
    place: int
    is_complete: bool

    @property
    def label(self) -> str:
        return self.search.label(self.place)


@dataclass(slots=True)
class _Service:
    """The searches of one service. `allowed`: lost requests that a change may leave."""

    part: ServicePart
    verdict: ServiceVerdictPart
    searches: list[ChangeSearch]
    allowed: float
    rejections_decide: bool  # each rejected request is lost: no client of the service retries
    is_combined: bool = False

    def next_step(self, *, is_last: bool) -> _Step | None:
        """Return the next play. `is_last`: no other can follow, so it is a complete run."""
        open_ones = [search for search in self.searches if not self._is_over(search)]
        if open_ones and not is_last:
            search = _chosen(open_ones)
            return _Step(search, search.at, is_complete=False)
        confirmed = [search for search in self.searches if search.enough is not None]
        for search in confirmed:
            if search.tried[search.best or 0].part is None:
                return _Step(search, search.best or 0, is_complete=True)
        if confirmed:
            return None
        if not is_last and self._combine():
            return self.next_step(is_last=False)
        return self._best_step(open_ones)

    def _is_over(self, search: ChangeSearch) -> bool:
        """Return True if the search has ended, or if two settings are to be changed together first."""
        is_alone = search in self.searches[:_LADDERS_MAX] and self._can_combine
        is_hopeless = search.enough is None and len(search.tried) >= _ALONE_MAX and is_alone
        return search.is_done or is_hopeless

    def _best_step(self, open_ones: Sequence[ChangeSearch]) -> _Step | None:
        """Return a complete run of the best change, though none is known to be enough; None if there was one."""
        tried = [search for search in self.searches if search.best is not None]
        if not tried:
            search = _chosen(open_ones)
            return _Step(search, search.at, is_complete=True)
        search = min(tried, key=lambda each: each.tried[each.best or 0].rank)
        place = search.best or 0
        return None if search.tried[place].part is not None else _Step(search, place, is_complete=True)

    @property
    def _can_combine(self) -> bool:
        """True if there are two settings that can be changed independently."""
        if len(self.searches) < _LADDERS_MAX:
            return False
        first, second = self.searches[:_LADDERS_MAX]
        return not first.ladder.keys & second.ladder.keys

    def _combine(self) -> bool:
        """Add a search in which two settings are changed together. Return False if there are no two, or it is there."""
        if self.is_combined or not self._can_combine:
            return False
        self.is_combined = True
        first, second = self.searches[:_LADDERS_MAX]
        if first.best is None or second.best is None:
            return False
        ladder = combined(first.ladder, first.ladder.values[first.best], second.ladder, second.best)
        self.searches.append(ChangeSearch(ladder, ladder.guess))
        return True

    def end_rule(self, step: _Step, duration_s: float) -> EndRule:
        """Return when the play of the step may end."""
        if step.is_complete or not self.verdict.lost:
            return EndRule()
        rejected_max = self.allowed
        if step.search.enough is None:
            rejected_max = max(rejected_max, _STILL_LOST * self.verdict.lost)
        until_s = self._last_loss_s + _AFTER_S
        return EndRule(
            rejected_max if self.rejections_decide else math.inf,
            until_s if until_s < _NEAR_END * duration_s else math.inf,
        )

    @property
    def _last_loss_s(self) -> float:
        width_s = self.part.series.width_s
        bins = [place for series in self.verdict.errors for place, count in enumerate(series.counts) if count]
        return (max(bins) + 1) * width_s

    def results(self) -> tuple[list[WhatIfPart], list[str]]:
        """Return the changes of complete runs, the proposed one first, and those known not to be enough without one.

        The proposed one is the cheapest of those that are enough, the smallest of several; else it loses least.
        """
        complete: list[tuple[bool, float, int, int, WhatIfPart]] = []
        not_enough: list[str] = []
        for search in self.searches:
            for place, tried in sorted(search.tried.items()):
                part = tried.part
                if part is not None:
                    first = round(part.month_usd, 2) if part.is_enough else part.errors
                    complete.append((not part.is_enough, first, place, part.errors, part))
                elif not tried.is_enough:
                    not_enough.append(search.label(place))
        return [each[-1] for each in sorted(complete, key=lambda each: each[:-1])], not_enough


@dataclass(slots=True)
class _Budget:
    """How often the scenario may be played, and how many requests all plays may have. `whole`: of a complete run."""

    plays: int
    requests: float
    whole: int

    @property
    def is_used_up(self) -> bool:
        return self.plays <= 0 or self.requests < self.whole

    @property
    def is_last(self) -> bool:
        return self.plays == 1 or self.requests < 2 * self.whole

    def spend(self, requests: int) -> None:
        self.plays -= 1
        self.requests -= requests


def with_played_changes(
    report: Report,
    scenario: ScenarioSpec,
    plays: int | None = None,
    backend: str = AUTO,
    on_play: OnPlay = lambda _: None,
) -> Report:
    """Return the report whose verdict says what would have prevented the loss.

    `plays`: how often the scenario is played again at most; default: up to PLAYS_MAX, fewer for long runs.
    `on_play` receives each change before it is played. Raises what a run of the scenario raises.
    """
    verdict = report.verdict
    if verdict is None or not report.run.complete or plays == 0:
        return report
    services = _services(report, scenario)
    if not services:
        return report
    budget = _budget(report, scenario, plays, backend)
    if budget.is_used_up:
        return _with(
            report, verdict.services, f"the run has {budget.whole:,} requests; --what-ifs 3 plays it three times"
        )
    reason = _play(services, scenario, budget, backend, on_play)
    found = {service.part.name: service.results() for service in services}
    return _with(report, [with_what_ifs(part, *found.get(part.service, ([], []))) for part in verdict.services], reason)


def _budget(report: Report, scenario: ScenarioSpec, plays: int | None, backend: str) -> _Budget:
    whole = max(1, report.requests.whole_run.requests)
    if plays is not None:
        return _Budget(plays, math.inf, whole)
    is_compiled = kind_of(backend, scenario, PLAYS_MAX).name == COMPILED
    return _Budget(PLAYS_MAX, COMPILED_REQUESTS_MAX if is_compiled else REQUESTS_MAX, whole)


def _play(services: Sequence[_Service], scenario: ScenarioSpec, budget: _Budget, backend: str, on_play: OnPlay) -> str:
    """Play until all searches have ended or the budget is used up. Return why it ended early, or an empty text."""
    kind = kind_of(backend, scenario, budget.plays)
    while not budget.is_used_up:
        chosen = [(service, service.next_step(is_last=budget.is_last)) for service in services]
        steps = [(service, step) for service, step in chosen if step is not None]
        if not steps:
            break
        changed = scenario.played_to_the_end()
        for _, step in steps:
            changed = step.search.ladder.changed(changed, step.search.ladder.values[step.place])
        on_play(", ".join(step.label for _, step in steps))
        rules = {service.part.name: service.end_rule(step, scenario.duration_s) for service, step in steps}
        try:
            played = play_until_decided(changed, kind, rules)
        except (ScenarioError, BrokenRun) as error:
            return str(error)
        budget.spend(played.requests)
        after = build_report(played.record) if math.isinf(played.ended_s) else None
        for service, step in steps:
            result = _short_result(service, played) if after is None else _complete_result(service, step, after)
            step.search.note(step.place, result)
    return ""


def _short_result(service: _Service, played: ShortPlay) -> Tried:
    record = played.record
    lost = record.stats_by_source.after_warm_up(record.sources_of(service.part.name)).failures
    return Tried(lost <= service.allowed, lost, played.ended_s)


def _complete_result(service: _Service, step: _Step, after: Report) -> Tried:
    part = next(part for part in after.services if part.name == service.part.name)
    assert after.verdict is not None, "every run has one"
    verdict = next(each for each in after.verdict.services if each.service == service.part.name)
    bins = len(service.part.series.offered)
    counts = [sum(column) for column in zip(*(series.counts for series in verdict.errors), strict=True)] or [0] * bins
    p95_s, before_p95_s = part.requests.latency.p95_s, service.part.requests.latency.p95_s
    is_slower, is_fast = False, True
    if p95_s is not None and before_p95_s is not None:
        is_slower = p95_s > _SLOWER_MAX * before_p95_s
        is_fast = not is_slower if service.verdict.lost else p95_s <= _FASTER * before_p95_s
    what_if = WhatIfPart(
        change=step.label,
        cause=step.search.ladder.cause,
        rejected=part.requests.rejected,
        errors=verdict.lost,
        requests=part.requests.requests,
        error_rate=part.requests.error_rate,
        p95_s=p95_s,
        month_usd=part.cost.month.usd,
        month_usd_more=part.cost.month.usd - service.part.cost.month.usd,
        is_enough=verdict.lost <= service.allowed and is_fast,
        is_slower=is_slower,
        errors_by_bin=counts if len(counts) == bins else [],
    )
    return Tried(what_if.is_enough, verdict.lost, part=what_if)


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
        searches = [ChangeSearch(ladder, ladder.guess) for ladder in list(distinct.values())[:_LADDERS_MAX]]
        if searches and (acted or not verdict.lost):
            sources = [scenario.traffic[index] for index in scenario.sources_of(part.name)]
            decide = all(source.retry is None for source in sources)
            found.append(_Service(part, verdict, searches, verdict.lost - (1 - _LEFT_MAX) * acted, decide))
    return found


def _chosen(searches: Sequence[ChangeSearch]) -> ChangeSearch:
    """Return the search of the next play: each setting once, then the one that is enough, else in turn."""
    fresh = [search for search in searches if not search.tried]
    succeeded = [search for search in searches if search.enough is not None]
    by_turn = sorted(searches, key=lambda search: len(search.tried))
    return next(iter([*fresh[:1], *succeeded, *by_turn]))
