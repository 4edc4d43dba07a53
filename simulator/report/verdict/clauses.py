"""The evidence of a cause as a clause that follows "because"."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Final, assert_never

import numpy as np

from simulator.model.text.quantities import count_text, latency_text, ratio_text, time_text
from simulator.records.request_log import ERROR_KINDS, ErrorKind
from simulator.records.scale_out import ScaleOut
from simulator.report.verdict.causes import Attributed
from simulator.report.verdict.evidence import PENDING_S, RETURN_S, ServiceEvidence
from simulator.report.verdict.part import CauseKind
from simulator.report.verdict.spans import Mask

_NAMED_TIMES: Final = 3  # moments that a clause lists
_FEW_STEPS: Final = 2
_TENTHS_UNTIL_S: Final = 60.0


def clause(cause: Attributed, evidence: ServiceEvidence) -> str:  # noqa: C901, PLR0911, PLR0912 one case per cause is the table
    """Return the clause of a cause."""
    scaling, present = evidence.run.scaling, cause.by_bin > 0
    match cause.kind:
        case CauseKind.START_LAG:
            return _start_lag(evidence, present)
        case CauseKind.SCALE_IN:
            return _scale_in(evidence, present)
        case CauseKind.MAX_SIZE:
            limit = evidence.limits.at(float(evidence.bins.begins_s[present][0]))
            return f"MaxSize allows no more than {_instances(limit)}, and all of them were at MaxConcurrency"
        case CauseKind.MAX_CONCURRENCY_LOW:
            count = max(1, evidence.ready.at(float(evidence.bins.begins_s[present][0])))
            return (
                f"bursts exceeded MaxConcurrency {scaling.max_concurrency} of the "
                f"{'instance' if count == 1 else _instances(count)}, while the policy, which averages the load, wanted "
                f"no more"
            )
        case CauseKind.MAX_CONCURRENCY_HIGH:
            return (
                f"the CPUs were {_busy(evidence, present)} busy before the instances reached MaxConcurrency "
                f"{scaling.max_concurrency}, by which the policy adds instances"
            )
        case CauseKind.THROTTLED_CPU:
            return f"the CPUs of all instances were {_busy(evidence, present)} busy"
        case CauseKind.CRASH:
            return _crash(evidence, present)
        case CauseKind.DEPLOYMENT:
            return _deployment(evidence, cause)
        case CauseKind.TIME_OUT:
            return f"answers took longer than a time-out ({_time_outs(evidence)})"
        case CauseKind.RETRIES:
            return "clients sent rejected and failed requests again"
        case CauseKind.DOWNSTREAM:
            return _downstream(evidence, cause)
        case CauseKind.NETWORK_FAULT:
            return "the timeline injected a network fault"
        case CauseKind.APPLICATION:
            return _application(evidence, cause)
        case _:
            assert_never(cause.kind)


def moment_text(at_s: float) -> str:
    """Format a moment of the run as `5:00`, `1:02:03`, or early in a run with tenths of a second,
    `0:04.5`.
    """
    tenths = round(at_s * 10) if at_s < _TENTHS_UNTIL_S else round(at_s) * 10
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // 10:02d}" if rest % 10 == 0 else f"{rest / 10:04.1f}"
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"


def moments(times_s: Sequence[float]) -> str:
    """Return `at 3:00 and 6:00`, or the range of many times."""
    if len(times_s) > _NAMED_TIMES:
        return f"between {moment_text(times_s[0])} and {moment_text(times_s[-1])}"
    *others, last = [moment_text(at_s) for at_s in times_s]
    return f"at {', '.join(others)} and {last}" if others else f"at {last}"


def _crash(evidence: ServiceEvidence, present: Mask) -> str:
    near = [crash for crash in evidence.crashes if _near(evidence, present, crash.at_s)] or list(evidence.crashes)
    crashed = [crash for crash in near if not crash.is_unhealthy]
    unhealthy = [crash for crash in near if crash.is_unhealthy]
    texts = [
        f"{_instances(sum(crash.instances for crash in group))} {verb} {moments([crash.at_s for crash in group])}"
        for group, verb in ((crashed, "crashed"), (unhealthy, "failed the health check"))
        if group
    ]
    return " and ".join(texts)


def _deployment(evidence: ServiceEvidence, cause: Attributed) -> str:
    """Describe the deployment that explains most of the requests: its version, or its fewer instances."""
    versions = [
        each for each in evidence.versions if (each.failed_share if cause.outcome == "failed" else each.median_s)
    ]
    by_version = max(versions, key=lambda each: int(cause.by_bin[each.after].sum()), default=None)
    fewer = int(cause.by_bin[evidence.deployed].sum())
    if by_version is not None and int(cause.by_bin[by_version.after].sum()) > fewer:
        version = f"the version deployed at {moment_text(by_version.at_s)}"
        if cause.outcome == "failed" and by_version.failed_share:
            return f"{version} failed {ratio_text(by_version.failed_share)} of its requests"
        median, before = latency_text(by_version.median_s), latency_text(by_version.before_s)
        return f"{version} is slower, with a median of {median} where the one before had {before}"
    begins_s = evidence.bins.begins_s[cause.by_bin > 0]
    started = [each for each in evidence.deployments if each.at_s < evidence.bins.ends_s[cause.by_bin > 0][-1]]
    near = [each for each in started if each.at_s >= begins_s[0] - evidence.bins.width_s] or started[-1:]
    most = max(near or list(evidence.deployments), key=lambda each: each.old - each.new)
    return f"a deployment replaced {_instances(most.old)} by {count_text(most.new)} at {moment_text(most.at_s)}"


def _downstream(evidence: ServiceEvidence, cause: Attributed) -> str:
    """Describe what the resources lacked when most of the requests were lost."""
    texts = [
        (evidence.connections_used_up, "no connection to {} was free"),
        (evidence.calls_slowed, "many calls at a time slowed {} down"),
        (evidence.pools_used_up, "no connection to {} was free in the pools of the instances"),
    ]
    found = [(_explained(masks, cause), masks, text) for masks, text in texts]
    most, masks, text = max(found, key=lambda each: each[0])
    if not most:
        return "downstream calls failed"
    names = [name for name, mask in masks.items() if cause.by_bin[mask].any()]
    if masks is evidence.connections_used_up:
        names = [f"{name} (limit {count_text(evidence.run.downstream[name].limit)})" for name in names]
    return text.format(" and ".join(names))


def _explained(masks: Mapping[str, Mask], cause: Attributed) -> int:
    """Return the requests of the cause in the bins of any of the masks."""
    present = np.logical_or.reduce(list(masks.values())) if masks else np.zeros(len(cause.by_bin), dtype=np.bool_)
    return int(cause.by_bin[present].sum())


def _start_lag(evidence: ServiceEvidence, present: Mask) -> str:
    raises = _overlapping(evidence, evidence.starts, present, PENDING_S)
    if not raises:
        counts = evidence.ready
        first = next((at_s for at_s in counts.times_s if counts.at(at_s) > 0), None)
        if first is None:
            return "no instance was ready"
        return f"the first instance was ready only at {moment_text(round(first, 1))}"
    ready = [raised.delay_s for raised in raises if raised.fulfilled]
    if not ready:
        waited_s = max(raised.delay_s for raised in raises)
        return f"new instances were not ready {time_text(round(waited_s, 1))} after the policy had requested them"
    start_s = statistics.median(ready)
    text = f"new instances took {time_text(round(start_s, 1))} to start"
    first_loss_s = float(evidence.bins.begins_s[present][0])
    last_decision_s = max(raised.decided.at_s for raised in raises)
    if len(raises) > _FEW_STEPS and last_decision_s - first_loss_s > start_s / 2:
        text += f" and the policy requested them in {len(raises)} steps, the last at {moment_text(last_decision_s)}"
    return text


def _scale_in(evidence: ServiceEvidence, present: Mask) -> str:
    returns = [
        (raised, lowered_s) for raised, lowered_s in evidence.returns if _overlapping(evidence, [raised], present)
    ]
    raised, lowered_s = returns[0]
    start_s = statistics.median(raised.delay_s for raised, _ in returns)
    again = f" {len(returns)} times" if len(returns) > 1 else ""
    return (
        f"the policy removed instances that it wanted back within {RETURN_S / 60:g} minutes{again} (first at "
        f"{moment_text(lowered_s)}, back at {moment_text(raised.decided.at_s)}), and new ones took "
        f"{time_text(round(start_s, 1))} to start"
    )


def _overlapping(
    evidence: ServiceEvidence, raises: Sequence[ScaleOut], present: Mask, before_s: float = 0.0
) -> list[ScaleOut]:
    """Return the scale-outs in progress, or beginning up to `before_s` later, in a bin of `present`."""
    begins_s, ends_s = evidence.bins.begins_s[present], evidence.bins.ends_s[present]
    return [
        raised
        for raised in raises
        if ((begins_s < raised.decided.at_s + raised.delay_s) & (ends_s > raised.decided.at_s - before_s)).any()
    ]


def _near(evidence: ServiceEvidence, present: Mask, at_s: float) -> bool:
    """Return True if a bin of the loss is in the recovery from the crash, or just before it."""
    later = evidence.bins.begins_s[present & evidence.crashed]
    around = evidence.bins.ends_s[present]
    following = [other.at_s for other in evidence.crashes if other.at_s > at_s]
    until_s = following[0] if following else evidence.run.ended_s
    return bool(
        ((later >= at_s - evidence.bins.width_s) & (later < until_s)).any() or (np.abs(around - at_s) < 5).any()
    )


def _busy(evidence: ServiceEvidence, present: Mask) -> str:
    return f"{min(1.0, float(np.nanmean(evidence.cpu_busy[present]))):.0%}".replace("%", " %")


def _time_outs(evidence: ServiceEvidence) -> str:
    longest = time_text(evidence.run.facts.request_timeout_s)
    of_platform = int(evidence.errors[ERROR_KINDS.index(ErrorKind.GATEWAY_TIMEOUT)].sum())
    of_clients = int(evidence.errors[ERROR_KINDS.index(ErrorKind.CLIENT_CLOSED)].sum())
    texts = []
    if of_platform:
        texts.append(f"{count_text(of_platform)} the limit of a request, {longest}")
    if of_clients:
        texts.append(f"{count_text(of_clients)} that of the client")
    return ", ".join(texts)


def _application(evidence: ServiceEvidence, cause: Attributed) -> str:
    if cause.outcome == "slow":
        return "the application itself took longer"
    kinds = [
        kind.value
        for kind, counts in zip(ERROR_KINDS, evidence.errors, strict=True)
        if kind is not ErrorKind.REJECTED and counts[cause.by_bin > 0].any()
    ]
    return f"the application answered {' or '.join(kinds)}"


def _instances(count: int) -> str:
    return f"{count_text(count)} instance{'s' * (count != 1)}"
