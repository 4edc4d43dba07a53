"""The results of validation by platform: cases, figures, misses, and the median error."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.lab.validate.case import OBSERVED, FindingVerdict, Subject
from simulator.lab.validate.validate import CaseResult


@dataclass(frozen=True, slots=True)
class SubjectSummary:
    """The results of one subject.

    `observed`: the number of cases that compare with a running platform, not only with its rules, its prices or theory.
    `explained`: figures outside their tolerance for a stated reason; `missed`: without one. `median_error`: the median
    of the absolute relative errors of the observed cases' figures, as a share; None without such figures.
    `smallest_bias`: the median of their powers (Finding.smallest_bias), as a share. `seconds`: the sum of the cases'
    run times on one core.
    """

    subject: Subject
    cases: int
    observed: int
    figures: int
    explained: int
    missed: int
    median_error: float | None
    smallest_bias: float | None
    seconds: float


def by_subject(results: Sequence[CaseResult]) -> list[SubjectSummary]:
    """Return a summary of every subject with a result, in the order of `Subject`."""
    return [_summary(subject, own) for subject in Subject if (own := [r for r in results if r.case.subject is subject])]


def _summary(subject: Subject, results: Sequence[CaseResult]) -> SubjectSummary:
    findings = [finding for result in results for finding in result.findings]
    observed = [result for result in results if result.case.evidence in OBSERVED]
    of_platform = [finding for result in observed for finding in result.findings]
    errors = [abs(error) for finding in of_platform if (error := finding.relative_error) is not None]
    powers = [power for finding in of_platform if (power := finding.smallest_bias) is not None]
    return SubjectSummary(
        subject,
        cases=len(results),
        observed=len(observed),
        figures=len(findings),
        explained=sum(finding.verdict is FindingVerdict.EXPLAINED for finding in findings),
        missed=sum(finding.verdict is FindingVerdict.MISS for finding in findings),
        median_error=statistics.median(errors) if errors else None,
        smallest_bias=statistics.median(powers) if powers else None,
        seconds=sum(result.seconds for result in results),
    )
