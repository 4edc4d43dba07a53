"""The verdict of a run, from the records of its services: the causes, and the sentences that a report begins with.

The changes that would have prevented a loss are played by the laboratory, which adds them with `with_what_ifs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from simulator.model.text.quantities import count_text, latency_text, ratio_text, usd_text
from simulator.records.request_log import ERROR_KINDS
from simulator.report.checks import CheckResult
from simulator.report.verdict.causes import Attributed, attributed
from simulator.report.verdict.clauses import clause, moment_text
from simulator.report.verdict.evidence import RunOfService, ServiceEvidence, evidence_of
from simulator.report.verdict.part import (
    CauseKind,
    CausePart,
    ErrorSeriesPart,
    ServiceVerdictPart,
    VerdictPart,
    WhatIfPart,
)
from simulator.report.verdict.spans import TimeSpan, episodes

_SECOND_MIN: Final = 0.1  # share of the lost requests from which the second cause has a sentence
_WHOLE_RUN: Final = 0.9  # share of the run from which a loss is said to last throughout
_CENT: Final = 0.01
_GAP_S: Final = 60.0  # bins with a loss that are closer than this, or than _GAP_BINS, are one episode
_GAP_BINS: Final = 3


def verdict_part(runs: Sequence[RunOfService], checks: Iterable[tuple[CheckResult, str | None]] = ()) -> VerdictPart:
    """Return the verdict. `checks`: results, and the service that each is about; None: all services."""
    results = list(checks)
    services = [_service_part(run, _slow_limit_s(results, run.name), alone=len(runs) == 1) for run in runs]
    return VerdictPart(text=summary(services), services=services)


def with_what_ifs(
    part: ServiceVerdictPart, what_ifs: Sequence[WhatIfPart], not_enough: Sequence[str] = ()
) -> ServiceVerdictPart:
    """Return the verdict about a service with the changes that were played, the proposed one first.

    `not_enough`: changes that are known not to be enough without a complete run.
    """
    if not what_ifs:
        return part
    text = f"{part.text} {what_if_text(part, what_ifs)}"
    return part.model_copy(update={"text": text, "what_ifs": list(what_ifs), "not_enough": list(not_enough)})


def summary(services: Sequence[ServiceVerdictPart]) -> str:
    """Return the text about the service that lost most requests, and how the others fared."""
    if not services:
        return "No service ran."
    worst = max(services, key=lambda part: (part.lost, bool(part.causes)))
    others = [part for part in services if part is not worst]
    if not others:
        return worst.text
    losing = [part for part in others if part.lost]
    if not losing:
        return f"{worst.text} The other services lost none." if worst.lost else f"{worst.text} So were the others'."
    lost = ", ".join(f"{part.service} {count_text(part.lost)}" for part in losing)
    return f"{worst.text} Other services lost requests too: {lost}."


def what_if_text(part: ServiceVerdictPart, what_ifs: Sequence[WhatIfPart]) -> str:
    """Return the sentence about the proposed change, `what_ifs[0]`."""
    best = what_ifs[0]
    more = best.month_usd_more
    money = f"for {usd_text(abs(more))} a month {'more' if more > 0 else 'less'}"
    if abs(more) < _CENT:
        money = "at the same cost"
    if not part.lost:
        verb = "would have kept" if best.is_enough else "would still have had"
        return f"{best.change} {verb} the 95 % quantile at {latency_text(best.p95_s)}, {money}."
    of_rejected = bool(part.causes) and part.causes[0].outcome == "rejected"
    if best.is_enough:
        left, verb = (best.rejected, "rejected") if of_rejected else (best.errors, "lost")
        count = f"only {_share(left, best)}" if left else "none"
        return f"{best.change} would have {verb} {count}, {money}."
    if best.errors >= part.lost:
        return f"No change that was played helps; {best.change} would have lost {_share(best.errors, best)}."
    still = _share(best.errors, best)
    slower = f" with a 95 % quantile of {latency_text(best.p95_s)}" if best.is_slower else ""
    return f"No change that was played is enough; {best.change} would still have lost {still}{slower}, {money}."


def _share(count: int, played: WhatIfPart) -> str:
    return f"{count_text(count)} ({ratio_text(count / played.requests if played.requests else None)})"


def _service_part(run: RunOfService, slow_limit_s: float | None, *, alone: bool) -> ServiceVerdictPart:
    evidence = evidence_of(run)
    causes = attributed(evidence, slow_limit_s)
    errors = [
        ErrorSeriesPart(kind=kind.value, requests=int(counts.sum()), counts=counts.tolist())
        for kind, counts in zip(ERROR_KINDS, evidence.errors, strict=True)
        if counts.any()
    ]
    return ServiceVerdictPart(
        service=run.name,
        text=_text(evidence, causes, "" if alone else f" of {run.name}"),
        lost=run.stats.failures,
        causes=[_cause_part(cause, evidence) for cause in causes],
        errors=errors,
    )


def _cause_part(cause: Attributed, evidence: ServiceEvidence) -> CausePart:
    present = np.flatnonzero(cause.by_bin)
    return CausePart(
        kind=cause.kind,
        outcome=cause.outcome,
        requests=cause.total,
        begin_s=float(evidence.bins.begins_s[present[0]]),
        end_s=float(evidence.bins.ends_s[present[-1]]),
        text=clause(cause, evidence),
    )


def _text(evidence: ServiceEvidence, causes: Sequence[Attributed], of: str) -> str:
    stats = evidence.run.stats
    if not stats.requests:
        return f"No request{of} was sent after the warm-up."
    lost = [cause for cause in causes if cause.outcome != "slow"]
    slow = [cause for cause in causes if cause.outcome == "slow"]
    whole = f"{count_text(stats.requests)} requests{of}"
    if lost:
        return _lost_text(evidence, lost, slow, whole)
    if slow:
        return f"All {whole} were answered, but {_slow_text(slow[0], evidence)}"
    (p95_s,) = stats.latency.quantiles((0.95,))
    return f"All {whole} were answered; 95 % of them within {latency_text(p95_s)}."


def _lost_text(evidence: ServiceEvidence, lost: Sequence[Attributed], slow: Sequence[Attributed], whole: str) -> str:
    stats = evidence.run.stats
    first, *others = lost
    share = ratio_text(first.total / stats.requests)
    text = (
        f"{count_text(first.total)} of {whole} ({share}) {_were(first)} {_when(first, evidence)}, "
        f"because {clause(first, evidence)}."
    )
    beside = [*(cause for cause in others if cause.total >= _SECOND_MIN * stats.failures), *slow[:1]]
    if not beside:
        return text
    second = max(beside, key=lambda cause: cause.total)
    if second.kind is CauseKind.RETRIES:
        return f"{text} {ratio_text(stats.retried / stats.requests)} of the requests were retries."
    if second.outcome == "slow":
        return f"{text} {_sentence(_slow_text(second, evidence))}"
    text += f" {count_text(second.total)} {_were(second)} {_when(second, evidence)}, because "
    return f"{text}{clause(second, evidence)}."


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _were(cause: Attributed) -> str:
    return "were rejected" if cause.outcome == "rejected" else "failed"


def _slow_text(cause: Attributed, evidence: ServiceEvidence) -> str:
    requests = evidence.run.requests
    highest_s = float(np.nanmax(np.where(cause.by_bin > 0, requests.p95_s, np.nan)))
    return (
        f"the 95 % quantile rose to {latency_text(highest_s)} {_when(cause, evidence)}, "
        f"because {clause(cause, evidence)}."
    )


def _when(cause: Attributed, evidence: ServiceEvidence) -> str:
    """Return when the requests of a cause were sent: the episode with most of them, if there are several."""
    bins = evidence.bins
    found = episodes(cause.by_bin > 0, bins, max(_GAP_S, _GAP_BINS * bins.width_s))
    begin_s, end_s = found[0].begin_s, found[-1].end_s
    played_s = evidence.run.ended_s - evidence.run.warm_up_s
    if end_s - max(begin_s, evidence.run.warm_up_s) >= _WHOLE_RUN * played_s:
        return "throughout the run"
    if len(found) == 1:
        return _between(found[0])
    most = max(found, key=lambda span: int(cause.by_bin[bins.touched([span])].sum()))
    count = int(cause.by_bin[bins.touched([most])].sum())
    return f"{_between(TimeSpan(begin_s, end_s))} ({len(found)} times; {count_text(count)} of them {_between(most)})"


def _between(span: TimeSpan) -> str:
    return f"between {moment_text(span.begin_s)} and {moment_text(span.end_s)}"


def _slow_limit_s(checks: Iterable[tuple[CheckResult, str | None]], service: str) -> float | None:
    """Return the smallest latency that a failed check of the service allows."""
    limits = [
        result.expression.limit
        for result, of in checks
        if not result.passed
        and of in {None, service}
        and result.expression.metric == "latency"
        and result.expression.operator.value.startswith("<")
    ]
    return min(limits, default=None)
