"""What an agent can read, and the prompts."""

from __future__ import annotations

import json

import pytest
import yaml

from simulator.mcp.documents import UnknownDocument, document_at, documents
from simulator.mcp.skill.skill import NAME, skill_text
from simulator.mcp.tools.registry import TOOLS
from simulator.scenario.shipped import shipped_scenarios


def test_every_document_has_a_text() -> None:
    found = {document.name: document.read() for document in documents()}
    assert "**MaxConcurrency**" in found["glossary"]
    assert json.loads(found["scenario-schema"])["$schema"].startswith("https://json-schema.org/")
    for name, path in shipped_scenarios().items():
        assert found[f"scenario-{name}"] == path.read_text(encoding="utf-8")


def test_an_unknown_address_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownDocument, match=r"did you mean `simulator://glossary`\?"):
        document_at("simulator://glosary")


def test_the_skill_has_the_head_that_agents_read_and_names_only_tools_that_exist() -> None:
    head, text = skill_text().removeprefix("---\n").split("\n---\n", 1)
    fields = yaml.safe_load(head)
    assert fields["name"] == NAME
    assert len(fields["description"]) <= 1024
    for tool in TOOLS.values():
        if not tool.writes:
            assert f"`{tool.name}`" in text, f"the skill does not say when to use {tool.name}"
