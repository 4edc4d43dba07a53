"""The answer of a comparison, a sweep or a tuning on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from simulator.lab.answer.parts import AnswerPart


def print_answer(title: str, answer: AnswerPart, console: Console) -> None:
    """Print the headline in bold and the other sentences below it; a terminal wraps them, a file does not."""
    unbroken = not console.is_terminal
    console.print(Text(f"{title}: {answer.headline}", style="bold"), soft_wrap=unbroken)
    for sentence in answer.sentences:
        console.print(Text(f"  {sentence}"), soft_wrap=unbroken)
