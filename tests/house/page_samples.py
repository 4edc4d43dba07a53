"""The samples of docs/contributing: `python -m tests.house.page_samples PAGE FOLDER` applies one to a checkout.

The section *A sample* of a page consists of blocks, which are followed from top to bottom:

- a block with a title is a new file; one in the language `diff` is a change of an existing file. Hunks are separated by
  `@@`; their context and removed lines must occur exactly once in the file;
- `sh`: commands that must succeed in the folder of the checkout;
- `text`: lines that the output of the previous commands must contain, with any number of blanks.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parent.parent.parent
PAGES: Final = ROOT / "docs" / "contributing"
_SECTION: Final = re.compile(r"^## A sample\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_BLOCK: Final = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)


class PageError(AssertionError):
    """A sample of a page does not work. The message names the block and the reason."""


class Block(NamedTuple):
    """A block of a sample. `title`: the path of its file in a checkout; empty for commands and their output."""

    language: str
    title: str
    text: str


class Output(NamedTuple):
    """The output of commands, and the lines of the page that it should contain."""

    text: str
    promised: list[str]

    @property
    def missing(self) -> list[str]:
        """Return the lines that the page promises and the output does not contain."""
        printed = _plain(self.text)
        return [line for line in self.promised if _plain(line) not in printed]


def sample_of(kind: str) -> list[Block]:
    """Return the blocks of the page about `kind`; empty if it has no sample."""
    section = _SECTION.search((PAGES / f"{kind}.md").read_text(encoding="utf-8"))
    return [Block(*match.groups(default="")) for match in _BLOCK.finditer(section[1])] if section else []


def apply_sample(blocks: list[Block], folder: Path) -> list[str]:
    """Write the files of a sample and its changes to a checkout. Return their paths.

    Raises:
        PageError: for a new file that exists, or a hunk that does not fit.
    """
    for block in blocks:
        path = folder / block.title
        if not block.title:
            continue
        if block.language == "diff":
            if not path.is_file():
                msg = f"{block.title} = missing, must be a file that the sample changes"
                raise PageError(msg)
            path.write_text(_changed(path.read_text(encoding="utf-8"), block), encoding="utf-8")
        elif path.exists():
            msg = f"{block.title} = an existing file, must be new"
            raise PageError(msg)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    return list(dict.fromkeys(block.title for block in blocks if block.title))


def _changed(text: str, block: Block) -> str:
    for hunk in re.split(r"^@@\n", block.text, flags=re.MULTILINE):
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] or line for line in lines if line[0] in " -\n")
        after = "".join(line[1:] or line for line in lines if line[0] in " +\n")
        found = len(re.findall(f"^{re.escape(before)}", text, flags=re.MULTILINE))
        if found != 1:
            msg = f"{block.title}: the lines of this hunk occur {found} times, must be once:\n{hunk}"
            raise PageError(msg)
        text = text.replace(before, after, 1) if text.startswith(before) else text.replace(f"\n{before}", f"\n{after}")
    return text


def run_sample(blocks: list[Block], folder: Path) -> list[Output]:
    """Run the commands of a sample in a checkout. Return their output together with that of the page.

    Raises:
        PageError: for a command that fails.
    """
    outputs: list[Output] = []
    for block in blocks:
        if block.language == "sh":
            printed = "".join(_run(line, folder) for line in block.text.splitlines())
            outputs.append(Output(printed, []))
        elif block.language == "text" and outputs:
            outputs[-1].promised.extend(filter(None, block.text.splitlines()))
    return outputs


def _run(line: str, folder: Path) -> str:
    program, *arguments = shlex.split(line, comments=True)
    python = {"simulator": [sys.executable, "-m", "simulator"], "python": [sys.executable]}
    settings = {"PYTHONPATH": str(folder), "COLUMNS": "100", "NO_COLOR": "1"}
    environment = os.environ | settings  # noqa: TID251 the commands run in the environment of the tests
    command = [*python[program], *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        msg = f"{line}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        raise PageError(msg)
    return done.stdout


def _plain(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Apply the sample of a page in docs/contributing to a checkout.")
    parser.add_argument("page", help="the name of the page, such as policy")
    parser.add_argument("folder", type=Path, help="a checkout to change")
    arguments = parser.parse_args()
    sys.stdout.write("".join(f"{path}\n" for path in apply_sample(sample_of(arguments.page), arguments.folder)))
