"""Answers as Markdown."""

from __future__ import annotations

from simulator.lab.answer.alternatives import MONTH_COST, Alternative
from simulator.lab.answer.answer import answer_of
from simulator.lab.answer.markdown import answer_markdown


def test_the_ranking_is_a_table_and_names_are_no_markup() -> None:
    alternatives = [
        Alternative("a|b", {"month_usd": [1.0]}),
        Alternative("*bold*", {"month_usd": [2.0]}, failing=("p95 < 1 s",)),
    ]
    text = answer_markdown("case_1", answer_of(alternatives, "a|b", MONTH_COST), ["Warning: _this_."])
    assert text.splitlines() == [
        "### case\\_1",
        "",
        "a\\|b is the only one that passes.",
        "",
        "\\> Warning: \\_this\\_."[1:],
        "",
        "| | cost | |",
        "|---|---:|---|",
        "| a\\|b | $1.00 | **best** |",
        "| \\*bold\\* | $2.00 | fails: p95 \\< 1 s |",
        "",
        "- \\*bold\\* costs 2.0 times as much as a\\|b; it fails: p95 \\< 1 s.",
        "- One run of each gives no interval, so every difference may be chance.",
        "",
    ]
