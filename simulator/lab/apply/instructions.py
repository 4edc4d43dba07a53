"""The value: texts to paste, each for one tool, and notes on what no tool can set."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ApplyTool(StrEnum):
    """What reads a text."""

    AWS_CLI = "AWS CLI"
    TERRAFORM = "Terraform"
    CLOUDFORMATION = "CloudFormation"
    GCLOUD = "gcloud"
    AZ = "Azure CLI"
    KUBECTL = "kubectl"
    FLY = "flyctl"
    HEROKU = "Heroku CLI"
    SCENARIO = "scenario"


@dataclass(frozen=True, slots=True)
class ApplyText:
    """A text to paste. `file`: a name for it as a file; its ending tells the language. `text` ends with a newline."""

    tool: ApplyTool
    file: str
    text: str

    @property
    def language(self) -> str:
        """The language of the text, as a Markdown fence names it."""
        return _LANGUAGES[self.file.rpartition(".")[2]]


@dataclass(frozen=True, slots=True)
class ApplyInstructions:
    """How to give a service its new settings.

    `platform`: the platform that the service runs on with them. `changes`: what changes, such as `MaxConcurrency 25 to
    40`. `texts`: alternatives, of which one is enough. `notes`: sentences about what a text leaves out, and what
    happens when it is applied.
    """

    service: str
    platform: str
    changes: tuple[str, ...] = ()
    texts: tuple[ApplyText, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What changes, in one sentence."""
        if not self.changes:
            return f"{self.service}: nothing to change."
        return f"{self.service}: {', '.join(self.changes)}."

    def text_for(self, tool: ApplyTool) -> ApplyText | None:
        """Return the text for a tool; None if there is none."""
        return next((each for each in self.texts if each.tool is tool), None)

    def markdown(self) -> Iterator[str]:
        """Yield the lines of all texts and notes as Markdown."""
        yield self.sentence
        for each in self.texts:
            yield from ("", f"{each.tool}:", "", f"```{each.language}", *each.text.splitlines(), "```")
        if self.notes:
            yield from ("", *(f"- {note}" for note in self.notes))


def comment(text: str) -> str:
    """Return the text as lines of a comment, which all languages of the texts begin with `#`."""
    return textwrap.fill(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False) + "\n"


_WIDTH: Final = 80
_LANGUAGES: Final = {"sh": "sh", "tf": "hcl", "yaml": "yaml", "toml": "toml"}
