"""Notes above a comparison's figures: candidates that cannot act, never acted, have equal figures or were adapted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, assert_never

from simulator.lab.compare.candidates import CONFIGURED, Candidate, CandidateKind
from simulator.lab.compare.comparison import RowPart
from simulator.lab.compare.tables import is_measure, is_oracle
from simulator.model.text.quantities import time_text
from simulator.model.text.units import duration_text
from simulator.report.check_scopes import checked_service
from simulator.rules.platforms.ground_truth import PLATFORM_CASES, POLICY_CASES, has_ground_truth
from simulator.rules.region_prices import prices_text
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.service_spec import ServiceSpec
from simulator.traffic.policy_fit import NoteKind, PolicyNote, adapted_parameters, policy_notes

WARNING: Final = "Warning"  # first word of a note without which the figures would mislead

# Figures of a row that depend on other rows.
_DERIVED = frozenset({"elastic_speedup", "regret", "pairwise", "fractional"})


def notes_of(candidate: Candidate, scenario: ScenarioSpec, service: str) -> list[PolicyNote]:
    """Return the notes that are known before any run; an oracle has none."""
    if candidate.is_oracle:
        return []
    return [note for note in policy_notes(candidate.applied(scenario)) if note.service == service]


def equal_rows(rows: Sequence[RowPart]) -> list[list[str]]:
    """Group the names of rows that agree in every figure of every run; oracles are grouped only with oracles."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    for row in rows:
        if not is_measure(row.candidate):
            values = {name: tuple(column) for name, column in row.values.items() if name not in _DERIVED}
            key = (is_oracle(row.candidate), *sorted(values.items()))
            groups.setdefault(key, []).append(row.candidate)
    return [names for names in groups.values() if len(names) > 1]


def case_notes(
    candidates: Sequence[Candidate],
    scenario: ScenarioSpec,
    service: str,
    rows: Sequence[RowPart],
    found: Mapping[str, Sequence[PolicyNote]],
) -> list[str]:
    """Return the notes as sentences, the most serious first. `found` maps each label to the result of `notes_of`."""
    labels = [candidate.label for candidate in candidates]
    return [
        *(f"{WARNING}: {sentence}" for sentence in _sentences(_of_kind(labels, found, NoteKind.CANNOT_ACT))),
        *_baselines(labels, found),
        *_undecided(labels, rows, found),
        *(f"Equal in every figure: {', '.join(names)}" for names in equal_rows(rows)),
        *(_estimated(scenario, service) if any(one.price_list is None for one in candidates) else ()),
        *_moved(candidates, scenario, service),
        *_throttled(candidates, scenario, service),
        *_adapted(candidates, scenario, service),
        *_shown_only(scenario, service),
        *_limited(labels, scenario, found),
        *_without_ground_truth(candidates, scenario, service),
        *_sentences(_of_kind(labels, found, NoteKind.BROUGHT)),
        *_spellings(candidates, scenario, service),
    ]


def _of_kind(
    labels: Sequence[str], found: Mapping[str, Sequence[PolicyNote]], kind: NoteKind
) -> list[tuple[str, PolicyNote]]:
    return [(label, note) for label in labels for note in found[label] if note.kind is kind]


def _sentences(notes: Iterable[tuple[str, PolicyNote]]) -> Iterator[str]:
    """Yield the notes of candidates as sentences; notes that differ only in the candidate are merged into one."""
    groups: dict[str, list[str]] = {}
    for label, note in notes:
        name = label if label == note.policy else f"{label} ({note.policy})"
        groups.setdefault(note.text.removeprefix(note.policy).strip(), []).append(name)
    for predicate, names in groups.items():
        yield f"{', '.join(names)}: each {predicate}" if len(names) > 1 else f"{names[0]} {predicate}"


def _without_ground_truth(candidates: Sequence[Candidate], scenario: ScenarioSpec, service: str) -> Iterator[str]:
    """Name the candidates whose platform is in no case of `simulator validate` that compares it with a measurement."""
    names = [
        candidate.label
        for candidate in candidates
        if not candidate.is_oracle and not has_ground_truth(*_observed_by(candidate, scenario, service))
    ]
    if names:
        yield f"No ground truth (`simulator validate` has no measurement of it): {', '.join(names)}"


def _moved(candidates: Sequence[Candidate], scenario: ScenarioSpec, service: str) -> Iterator[str]:
    """Name the platforms that do not offer the scenario's size, with the size that they take instead."""
    for candidate in candidates:
        moved = None if candidate.is_oracle else candidate.moved_size(scenario, service)
        if moved is not None:
            yield f"Size on {candidate.label}: {moved}"


def _throttled(candidates: Sequence[Candidate], scenario: ScenarioSpec, service: str) -> Iterator[str]:
    """Name the platforms that give a fraction of a vCPU as a quota, with the quota in each period."""
    if (base := scenario.services[service].application.simulated) is None or base.cpu_quota is not None:
        return
    parts = []
    for candidate in candidates:
        there = candidate.applied(scenario).services[service]
        quota = None if there.application.simulated is None else there.application.simulated.cpu_quota
        if quota is not None and not candidate.is_oracle:
            used_s = there.size.vcpu * quota.period_s
            parts.append(f"{candidate.label} ({time_text(used_s)} of CPU in each {time_text(quota.period_s)})")
    if parts:
        yield f"CPU is a quota, after which the requests of an instance stop until the next period: {', '.join(parts)}"


def _observed_by(
    candidate: Candidate, scenario: ScenarioSpec, service: str
) -> tuple[Mapping[str, tuple[str, ...]], str]:
    """Return (cases by name, the candidate's name among them)."""
    match candidate.kind:
        case CandidateKind.PLATFORM:
            return PLATFORM_CASES, candidate.given
        case CandidateKind.POLICY:
            configured = candidate.given == CONFIGURED
            return POLICY_CASES, scenario.services[service].policy.name if configured else candidate.given
        case _:
            assert_never(candidate.kind)


def _baselines(labels: Sequence[str], found: Mapping[str, Sequence[PolicyNote]]) -> Iterator[str]:
    names = [label for label in labels if any(note.kind is NoteKind.BASELINE for note in found[label])]
    if names:
        yield f"Never changes the number of instances, a baseline: {', '.join(names)}"


def _undecided(
    labels: Sequence[str], rows: Sequence[RowPart], found: Mapping[str, Sequence[PolicyNote]]
) -> Iterator[str]:
    """Name the candidates that could have acted but made no decision in any run."""
    given = {NoteKind.CANNOT_ACT, NoteKind.BASELINE}
    silent = {row.candidate for row in rows if row.decisions == 0}
    names = [label for label in labels if label in silent and not any(note.kind in given for note in found[label])]
    if names:
        yield f"Made no decision in any run: {', '.join(names)}"


def _estimated(scenario: ScenarioSpec, service: str) -> Iterator[str]:
    """Note App Runner bills that are estimates because the rates of the Region could not be read."""
    prices = scenario.services[service].prices
    source, estimated = prices_text(prices.region, prices.rates)
    if estimated:
        yield f"Bills of App Runner are estimated: rates of {prices.region}, {source}"


def _adapted(candidates: Sequence[Candidate], scenario: ScenarioSpec, service: str) -> Iterator[str]:
    """Note parameters of the scenario's own policy that are not its defaults; other policies have their defaults."""
    policy = scenario.services[service].policy
    adapted = adapted_parameters(policy)
    if adapted and any(candidate.given == CONFIGURED and not candidate.is_oracle for candidate in candidates):
        yield f"Adapted to the scenario: {CONFIGURED} is {policy.name} with {adapted}; the others have their defaults"


def _shown_only(scenario: ScenarioSpec, service: str) -> Iterator[str]:
    """Name checks that require a minimum of something undesirable; a candidate that does better does not fail them."""
    sources = [(source.name, source.service) for source in scenario.traffic]
    texts = [
        check.text
        for check in scenario.checks
        if check.asks_for_worse and checked_service(check, list(scenario.services), sources) in {None, service}
    ]
    if texts:
        yield f"Checks that describe the scenario, which no candidate has to pass: {'; '.join(texts)}"


def _limited(labels: Sequence[str], scenario: ScenarioSpec, found: Mapping[str, Sequence[PolicyNote]]) -> Iterator[str]:
    limited = _of_kind(labels, found, NoteKind.LIMITED)
    windows = [f"{label} ({time_text(note.needs_s)})" for label, note in limited if not note.is_history]
    if windows:
        yield (
            f"{time_text(scenario.duration_s)} show only a part of the behaviour of these; the slowest window or "
            f"delay of each: {', '.join(windows)}"
        )
    yield from _sentences((label, note) for label, note in limited if note.is_history)


def _spellings(candidates: Sequence[Candidate], scenario: ScenarioSpec, service: str) -> Iterator[str]:
    """List the differences between a policy and the platform preset of the same name, if both are compared."""
    policies = {one.given: one for one in candidates if one.kind is CandidateKind.POLICY and not one.is_oracle}
    for platform in candidates:
        policy = policies.get(platform.given)
        if platform.kind is CandidateKind.PLATFORM and policy is not None:
            ours, theirs = (one.applied(scenario).services[service] for one in (policy, platform))
            differences = differing(ours, theirs)
            if platform.price_list is not None:
                differences.append("prices of App Runner against those of the platform")
            if differences:
                yield f"{policy.label} (policy) and {platform.label} differ: {', '.join(differences)}"


def differing(ours: ServiceSpec, theirs: ServiceSpec) -> list[str]:
    """List the differences between two services, such as `MaxConcurrency 10 against 1`, except for their policies."""
    words = {
        "max_concurrency": "MaxConcurrency",
        "min_size": "MinSize",
        "max_size": "MaxSize",
        "balancing": "balancing",
        "idle_after_s": "idle after",
    }
    plain = [
        f"{word} {_text(name, getattr(ours, name))} against {_text(name, getattr(theirs, name))}"
        for name, word in words.items()
        if getattr(ours, name) != getattr(theirs, name)
    ]
    mine, yours = ours.overflow, theirs.overflow
    if ours.load_balancer != theirs.load_balancer:
        plain.append("load balancer")
    if mine != yours:
        plain.append(f"overflow {mine.mode} against {yours.mode}")
    if ours.application != theirs.application:
        plain.append("start-up of the application alone against platform and application")
    if ours.health_check_spec != theirs.health_check_spec:
        plain.append("health checks")
    return plain


def _text(name: str, value: object) -> str:
    return duration_text(float(str(value))) if name.endswith("_s") else str(value)
