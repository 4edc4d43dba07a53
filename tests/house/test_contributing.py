"""Pages for contributors name files that exist and commands that the tests run."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import simulator
from layer_diagram import layers_of_contract
from tests.house.page_samples import PAGES as SAMPLES
from tests.house.page_samples import sample_of
from tests.house.test_checks import COMMANDS

ROOT = Path(__file__).parent.parent.parent
PAGES = [
    ROOT / "CONTRIBUTING.md",
    ROOT / "docs" / "explanation" / "architecture.md",
    *sorted((ROOT / "docs" / "contributing").glob("*.md")),
    *sorted((ROOT / "docs" / "adr").glob("*.md")),
]
PATH = re.compile(r"(?<![\w/.])(?:simulator|tests|docs|scenarios|benchmarks)/[\w./-]*[\w/]")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
KINDS = (
    "policy",
    "platform",
    "traffic-shape",
    "timeline-event",
    "check",
    "driver",
    "api-operation",
    "lesson",
    "report-section",
)


@pytest.mark.case("H15")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    """`NAME` stands for what the reader adds; samples add files of their own."""
    text = page.read_text(encoding="utf-8")
    added = {block.title for block in sample_of(page.stem)} if page.parent == SAMPLES else set()
    named = {path for path in PATH.findall(text) if "NAME" not in path} - added
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.case("H14")
def test_every_command_of_the_project_that_a_page_names_can_be_run() -> None:
    named = set(re.findall(r"(?<![\w/])\.ci/\w+", "".join(page.read_text(encoding="utf-8") for page in PAGES)))
    assert ".ci/coverage" in named
    assert [path for path in sorted(named) if not os.access(ROOT / path, os.X_OK)] == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md"])
def test_links_of_the_pages_outside_of_the_site_lead_somewhere(name: str) -> None:
    links = LINK.findall((ROOT / name).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_each_kind_of_addition_has_a_page_with_its_tests() -> None:
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "contributing").glob("*.md")}
    assert set(texts) == {*KINDS, "index"}
    assert [kind for kind in KINDS if f"]({kind}.md)" not in texts["index"]] == []
    assert [kind for kind in KINDS if "## Judged by" not in texts[kind] or "bin/pytest" not in texts[kind]] == []


@pytest.mark.parametrize("file", [".ci/check", ".pre-commit-config.yaml"])
def test_the_one_command_and_the_hooks_run_what_the_tests_run(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    programs = [" ".join(command[:2]) if command[0] == "ruff" else command[0] for command in COMMANDS.values()]
    assert [program for program in programs if program not in text.replace('"$bin/', "").replace('"', "")] == []


def test_the_picture_of_the_layers_has_every_package() -> None:
    packages = {path.parent.name for path in Path(simulator.__file__).parent.glob("*/__init__.py")}
    assert {name for layer in layers_of_contract() for name in layer} == packages
