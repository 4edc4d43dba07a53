"""The documentation page of validation: a summary by platform, a plot and a table of figures for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from simulator.lab.validate.case import Finding, FindingVerdict, Subject
from simulator.lab.validate.published_accuracy import other_simulators
from simulator.lab.validate.summary import SubjectSummary, by_subject
from simulator.lab.validate.validate import CaseResult, left_out
from simulator.rules.platforms.ground_truth import without_ground_truth

_ABOUT = """\
Made by `simulator validate --markdown`. Each row is a published or theoretical figure, with the value that this
simulator gives for the same inputs. A figure passes if its error is within the tolerance.

*Observed* cases compare with a running platform: a measurement, or a statement of the vendor. The median error is that
of their figures. The other cases are rules, price lists and theory, which must agree exactly or within a stated bound.
*Smallest bias* is the power of a figure: a simulator that deviated by more than this share, in either direction, would
miss. An exact figure misses by any bias.
"""


def markdown(results: Sequence[CaseResult], plots: Mapping[Subject, str] | None = None) -> str:
    """Return the page. `plots`: the address of each subject's plot, relative to the page."""
    lines = ["# Validation", "", _ABOUT, f"{totals_text(results)}.", ""]
    summaries = by_subject(results)
    lines += _summary_table(summaries)
    lines += ["", *_missing()]
    for summary in summaries:
        own = [result for result in results if result.case.subject is summary.subject]
        lines += _section(summary.subject, own, (plots or {}).get(summary.subject))
    lines += other_simulators(summaries)
    lines += ["", "## Published cases that are not in the tables", ""]
    lines += [f"- {number}: {why}." for number, why in left_out()]
    return "\n".join(lines) + "\n"


def totals_text(results: Sequence[CaseResult]) -> str:
    """Return the numbers of figures, cases and misses."""
    verdicts = Counter(finding.verdict for result in results for finding in result.findings)
    explained = (
        f", {verdicts[FindingVerdict.EXPLAINED]} outside with an explanation"
        if verdicts[FindingVerdict.EXPLAINED]
        else ""
    )
    return f"{verdicts.total()} figures of {len(results)} cases, {verdicts[FindingVerdict.MISS]} miss{explained}"


def numbers_of(finding: Finding) -> tuple[str, str, str, str, str]:
    """Return expected value, measured value, error, tolerance and verdict as text."""
    return (
        f"{finding.expected:.6g}",
        f"{finding.measured:.6g}",
        f"{finding.error:+.2g}" if finding.error else "0",
        f"{finding.tolerance:.2g}" if finding.tolerance else "exact",
        finding.verdict,
    )


def share_text(share: float | None) -> str:
    """Return a share as a percentage with two digits; a dash for None."""
    return "-" if share is None else f"{share * 100:.2g} %"


def _summary_table(summaries: Sequence[SubjectSummary]) -> Iterator[str]:
    yield "| about | cases | observed | figures | explained | misses | median error | median smallest bias |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for one in summaries:
        counts = (one.cases, one.observed, one.figures, one.explained, one.missed)
        cells = [one.subject.platform_name, *map(str, counts)]
        yield _row([*cells, share_text(one.median_error), share_text(one.smallest_bias)])


def _missing() -> Iterator[str]:
    """Name the platforms and policies without a case."""
    platforms, policies = without_ground_truth()
    if platforms:
        yield f"Platforms without ground truth: {', '.join(platforms)}."
    if policies:
        yield f"Policies without ground truth: {', '.join(policies)}."


def _section(subject: Subject, results: Sequence[CaseResult], plot: str | None) -> Iterator[str]:
    yield from ("", f"## {subject.platform_name}", "")
    if plot is not None:
        yield from (f"![Published and simulated values: {subject.platform_name}]({plot})", "")
    yield "| case | figure | expected | measured | error | tolerance | smallest bias | |"
    yield "|---|---|--:|--:|--:|--:|--:|---|"
    for result in results:
        for finding in result.findings:
            *numbers, verdict = numbers_of(finding)
            title = f"{result.case.number} {result.case.title}"
            yield _row([title, finding.figure, *numbers, share_text(finding.smallest_bias), verdict])
    yield ""
    for case in (result.case for result in results):
        yield f"- {case.number}: {case.evidence}, {case.dated}. {case.set_up} Source: {case.source}."
    explained = [(result.case, finding) for result in results for finding in result.findings if finding.explanation]
    if explained:
        yield from ("", "Figures that may be outside their tolerance, and why:", "")
    for case, finding in explained:
        yield f"- {case.number}, {finding.figure}: {finding.explanation}."


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
