"""Every example of README and documentation: scenarios are read, Python compiles, commands exist with their options.

The tutorial's commands are run in order (slow); the page about notebooks runs in a kernel (tests/notebook).
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from simulator.cli import app
from simulator.scenario.scenario import read_scenario

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Pages whose commands are run one after another in a folder of their own.
PLAYED = ["docs/tutorial/first-look.md", "docs/tutorial/lessons.md"]
# A server, a browser, a minute of real time, an installation: each has tests of its own.
NOT_HERE = re.compile(r"--console|--clock real|pip install|\bserve\b|\bup\b|\btop\b")


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    def commands(self) -> Iterator[str]:
        """Yield the commands of a block, with continuation lines joined."""
        for line in self.text.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\|", line):
                told = part.strip().removeprefix("$ ").removeprefix(".venv/bin/")
                if told.startswith("simulator "):
                    yield told


def blocks() -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in re.finditer(r"^```(\w+)([^\n]*)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
            if page.parent.name == "contributing" and "title=" in match[2]:
                continue  # a file of a sample: tests/house/test_contributing_pages.py
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(page.relative_to(ROOT).as_posix(), line, match[1], match[3]))
    return found


BLOCKS = blocks()


def of(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


@pytest.mark.parametrize("block", of("yaml", "yml"), ids=str)
def test_a_scenario_in_the_docs_is_valid_and_any_other_block_is_yaml(block: Block) -> None:
    data = yaml.safe_load(block.text)
    if isinstance(data, dict) and "duration" in data and "services" in data:
        read_scenario(block.text, file=str(block), folder=ROOT / "scenarios")


@pytest.mark.parametrize("block", of("python"), ids=str)
def test_python_in_the_docs_compiles(block: Block) -> None:
    ast.parse(block.text)


@pytest.mark.parametrize("block", of("sh", "bash", "console"), ids=str)
def test_commands_exist_with_their_options(block: Block) -> None:
    for command in block.commands():
        _parse(command)


def _parse(command: str) -> None:
    """Fail for a verb, an option or a value that the command line does not accept; run nothing."""
    words = shlex.split(command, comments=True)[1:]
    current: Any = typer.main.get_command(app)
    path = "simulator"
    while words and hasattr(current, "get_command") and not words[0].startswith("-"):
        found = current.get_command(None, words[0])
        assert found is not None, f"{command}: there is no verb {words[0]}"
        current, path = found, f"{path} {words[0]}"
        words = words[1:]
    if "--help" not in words and "--version" not in words:
        current.make_context(path, list(words)).close()


@pytest.mark.slow
@pytest.mark.parametrize("page", PLAYED)
def test_the_tutorials_commands_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They run in one folder and in order; prompts get no input after the first answer."""
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    commands = [command for block in of("sh") if block.page == page for command in block.commands()]
    played = [command for command in commands if not NOT_HERE.search(command)]
    assert len(played) >= 4
    for command in played:
        done = runner.invoke(app, shlex.split(command, comments=True)[1:], input="20\n\n")
        assert done.exit_code in {0, 1}, f"{command}\n{done.output[-2000:]}"
