"""The answers of a comparison as Markdown."""

from __future__ import annotations

from simulator.lab.answer.markdown import answer_markdown
from simulator.lab.compare.comparison import Comparison
from simulator.lab.compare.notes import WARNING


def comparison_markdown(comparison: Comparison) -> str:
    """Return the answer over all cases, then that of each case with its warnings."""
    parts = []
    if comparison.answer is not None:
        parts.append(answer_markdown(f"All {len(comparison.cases)} cases", comparison.answer))
    for case in comparison.cases:
        if case.answer is not None:
            warnings = [f"{note}." for note in case.notes if note.startswith(WARNING)]
            parts.append(answer_markdown(case.name, case.answer, warnings))
    return "".join(parts)
