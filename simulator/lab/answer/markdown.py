"""An answer as Markdown, for a file, the summary of a step in continuous integration, or a comment."""

from __future__ import annotations

import re
from collections.abc import Sequence

from simulator.lab.answer.alternatives import OBJECTIVES
from simulator.lab.answer.parts import AnswerPart
from simulator.model.text.quantities import quantity_text

_PLACES = {"best": "**best**", "tie": "tie", "fails": "fails", "": ""}


def answer_markdown(title: str, answer: AnswerPart, notes: Sequence[str] = ()) -> str:
    """Return the headline, the ranking as a table and the other sentences as a list. `notes` follow the headline."""
    figure = OBJECTIVES[answer.objective]
    lines = [f"### {escaped(title)}", "", escaped(answer.headline), ""]
    lines += [f"> {escaped(note)}" for note in notes] + [""] * bool(notes)
    lines += [f"| | {figure.noun} | |", "|---|---:|---|"]
    for rank in answer.ranking:
        why = f": {'; '.join(rank.failing)}" if rank.failing else ""
        cells = (escaped(rank.alternative), quantity_text(rank.mean, figure.unit), _PLACES[rank.place] + escaped(why))
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *(f"- {escaped(sentence)}" for sentence in answer.sentences)]
    return "\n".join([*lines, "", ""])


def escaped(text: str) -> str:
    """Return text in which names of a scenario are no Markdown."""
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", text.replace("\n", " "))
