"""What an agent can read: the glossary, the schema of scenario files, the skill, and the shipped scenarios."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import simulator
from simulator.mcp.skill.skill import skill_text
from simulator.model.text.problems import one_of
from simulator.scenario.document import read_document_text
from simulator.scenario.schema import schema_text
from simulator.scenario.shipped import description_of, shipped_scenarios

SCENARIO_PREFIX: Final = "simulator://scenarios/"
_PACKAGE: Final = Path(simulator.__file__).parent
# The glossary is inside the package in a wheel, and among the documentation in a clone.
_GLOSSARIES: Final = (_PACKAGE / "glossary.md", _PACKAGE.parent / "docs/reference/glossary.md")


class AgentDocument(NamedTuple):
    """A document: its address, and the function that reads its text."""

    uri: str
    name: str
    title: str
    description: str
    mime_type: str
    read: Callable[[], str]


class UnknownDocument(ValueError):
    """There is no document with this address; the message names those that exist."""


def glossary_text() -> str:
    """Return the glossary in Markdown."""
    file = next((file for file in _GLOSSARIES if file.is_file()), None)
    return "The glossary is not installed.\n" if file is None else file.read_text(encoding="utf-8")


_FIXED: Final = (
    AgentDocument(
        "simulator://skill",
        "skill",
        "How to size a service",
        "Which questions to ask, in which order, and how to read the answers. Read it first.",
        "text/markdown",
        skill_text,
    ),
    AgentDocument(
        "simulator://glossary",
        "glossary",
        "Glossary",
        "The words of scenarios and reports, each with its meaning.",
        "text/markdown",
        glossary_text,
    ),
    AgentDocument(
        "simulator://schema/scenario",
        "scenario-schema",
        "Schema of scenario files",
        "The JSON Schema of scenario files, with a description of every key.",
        "application/schema+json",
        schema_text,
    ),
)


def documents() -> list[AgentDocument]:
    """Return all documents."""
    return [*_FIXED, *(_scenario(name, path) for name, path in shipped_scenarios().items())]


def document_at(uri: str) -> AgentDocument:
    """Return the document with this address. Raises UnknownDocument."""
    found = {document.uri: document for document in documents()}
    if uri not in found:
        msg = f"uri = {uri!r}, must be {one_of(uri, found)}"
        raise UnknownDocument(msg)
    return found[uri]


def _scenario(name: str, path: Path) -> AgentDocument:
    return AgentDocument(
        f"{SCENARIO_PREFIX}{name}",
        f"scenario-{name}",
        f"Scenario {name}",
        description_of(path),
        "application/yaml",
        lambda: read_document_text(path),
    )
