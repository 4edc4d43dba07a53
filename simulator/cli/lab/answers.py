"""The answer of a comparison, a sweep or a tuning: on the terminal, and in the summary of a step."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from simulator.cli.printing import echo
from simulator.lab.answer.parts import AnswerPart

# The variable that names the summary file of a GitHub Actions step.
SUMMARY_VARIABLE: Final = "GITHUB_STEP_SUMMARY"


def print_answer(title: str, answer: AnswerPart, console: Console) -> None:
    """Print the headline in bold and the other sentences below it; a terminal wraps them, a file does not."""
    unbroken = not console.is_terminal
    console.print(Text(f"{title}: {answer.headline}", style="bold"), soft_wrap=unbroken)
    for sentence in answer.sentences:
        console.print(Text(f"  {sentence}"), soft_wrap=unbroken)


def summarize_step(markdown: str) -> None:
    """Append Markdown to the summary file of a GitHub Actions step, if there is one; a failure is only a note."""
    file = os.environ.get(SUMMARY_VARIABLE)  # noqa: TID251 cli is the reader of the environment
    if not file:
        return
    try:
        with Path(file).open("a", encoding="utf-8") as summary:
            summary.write(markdown)
    except OSError as error:
        echo(f"note: the summary of the step, {file}, cannot be written: {error.strerror}", err=True)
