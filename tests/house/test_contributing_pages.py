"""The pages about additions are correct: their samples are applied to a copy of the package and then used."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.page_samples import ROOT, Block, PageError, apply_sample, run_sample, sample_of
from tests.house.test_contributing import KINDS


def copy_of_the_package(folder: Path) -> Path:
    """Return a folder with a copy of the package and the settings of the tools; compiled modules remain valid."""
    shutil.copytree(ROOT / "simulator", folder / "simulator")
    shutil.copy2(ROOT / "pyproject.toml", folder)
    return folder


def lint(files: list[str], folder: Path) -> str:
    """Return what the linter and the formatter report about the Python files of a sample; empty without a finding."""
    ruff = str(Path(sys.executable).parent / "ruff")
    found = ""
    for command in (["check", "--quiet"], ["format", "--check", "--quiet", "--diff"]):
        paths = [name for name in files if name.startswith("simulator/") and name.endswith(".py")]
        if paths:
            done = subprocess.run([ruff, *command, *paths], cwd=folder, capture_output=True, text=True, check=False)
            found += done.stdout + (done.stderr if done.returncode else "")
    return found


# Each starts the simulator several times, so the plain tests follow only a few of the pages.
FOLLOWED = ("policy", "check", "api-operation")


@pytest.mark.parametrize(
    "kind", [kind if kind in FOLLOWED else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]
)
def test_the_sample_of_a_page_gives_the_output_of_the_page(kind: str, tmp_path: Path) -> None:
    blocks = sample_of(kind)
    folder = copy_of_the_package(tmp_path)
    files = apply_sample(blocks, folder)
    assert lint(files, folder) == ""
    outputs = run_sample(blocks, folder)
    assert any(output.promised for output in outputs), "the sample is used, and the page says with which result"
    assert [(output.missing, output.text) for output in outputs if output.missing] == []


def test_without_its_changes_no_sample_works(tmp_path: Path) -> None:
    """The output of a sample depends on its files: the same commands fail on the unchanged package."""
    folder = copy_of_the_package(tmp_path)
    for kind in ("platform", "check"):
        blocks = [block for block in sample_of(kind) if not block.title.startswith("simulator/")]
        apply_sample(blocks, folder)
        with pytest.raises(PageError):
            run_sample(blocks, folder)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Block("diff", "a.py", " two\n+more\n"), "occur 0 times"),
        (Block("diff", "a.py", " one\n+more\n"), "occur 2 times"),
        (Block("diff", "b.py", " one\n+more\n"), "must be a file"),
        (Block("python", "a.py", "one\n"), "must be new"),
    ],
)
def test_a_block_that_does_not_fit_is_an_error(block: Block, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\none\n", encoding="utf-8")
    with pytest.raises(PageError, match=message):
        apply_sample([block], tmp_path)


def test_hunks_change_the_place_of_their_context(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\n\ntwo\nthree\n", encoding="utf-8")
    apply_sample([Block("diff", "a.py", "+zero\n one\n@@\n\n-two\n+2\n three\n")], tmp_path)
    assert (tmp_path / "a.py").read_text(encoding="utf-8") == "zero\none\n\n2\nthree\n"


@pytest.mark.slow
def test_all_samples_together_keep_types_and_import_contracts(tmp_path: Path) -> None:
    """A step that a page omits leaves an open `match`, a wrong type or a forbidden import."""
    folder = copy_of_the_package(tmp_path)
    for kind in KINDS:
        apply_sample(sample_of(kind), folder)
    tools = Path(sys.executable).parent
    for command in (["mypy", "simulator"], ["lint-imports"]):
        program = [str(tools / command[0]), *command[1:]]
        environment = {"PYTHONPATH": str(folder), "PATH": str(tools)}
        done = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
