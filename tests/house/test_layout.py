"""Rules of the layout that linters do not have."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

import simulator

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "simulator"

BANNED_NAMES = {"utils", "util", "common", "core", "base", "helpers", "helper", "manager", "misc"}
# Long files with the reason of each.
LONG: dict[str, str] = {}
# Files beside the folders. Outputs of commands that were tried there are not part of the project.
TOP_LEVEL = {
    ".editorconfig",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "NOTICE",
    "README.md",
    "SECURITY.md",
    "constraints.txt",
    "mkdocs.yml",
    "pyproject.toml",
}
LINES_MAX = 350
ASSEMBLY_LINES_MAX = 600


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_no_output_of_a_command_is_beside_the_folders() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    files = {name for name in listed.stdout.splitlines() if "/" not in name}
    assert files == TOP_LEVEL


def test_no_module_has_a_meaningless_name() -> None:
    assert [path for path in modules() if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES] == []


def test_a_file_of_more_than_350_lines_has_a_reason() -> None:
    long = {
        str(path.relative_to(ROOT))
        for path in modules()
        if len(path.read_text(encoding="utf-8").splitlines()) > LINES_MAX
    }
    assert long == set(LONG)


def test_the_composition_root_only_composes() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (PACKAGE / "assembly").glob("[!_]*.py")]
    assert sum(len(text.splitlines()) for text in texts) <= ASSEMBLY_LINES_MAX


def test_every_module_has_a_docstring() -> None:
    silent = [path for path in modules() if ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None]
    assert silent == []


def test_every_package_is_on_the_map() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    missing = [room for room in sorted(rooms) if not re.search(rf"\b{room}\b", simulator.__doc__ or "")]
    assert missing == []


def test_every_assumption_names_what_would_settle_it_or_where_the_fact_ends() -> None:
    """`# ASSUMPTION:` without a sentence after it explains nothing."""
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"ASSUMPTION:\s*$", line)
    ]
    assert bare == []


def test_the_tests_mirror_the_packages() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    beside = {"house", "machines", "theory", "golden", "live"}
    strangers = [
        path.name
        for path in (ROOT / "tests").iterdir()
        if path.is_dir() and path.name != "__pycache__" and path.name not in rooms | beside
    ]
    assert strangers == []


MODULES_MAX = 15  # in one folder, so that its modules can be read at a glance


@pytest.mark.case("H11")
def test_no_folder_has_too_many_files() -> None:
    folders = {path.parent for path in modules()}
    crowded = {
        folder.relative_to(ROOT).as_posix(): count
        for folder in sorted(folders)
        if (count := len([path for path in folder.glob("*.py") if path.name != "__init__.py"])) > MODULES_MAX
    }
    assert crowded == {}


def test_every_folder_of_tests_mirrors_one_of_the_package() -> None:
    """A test module with the name of a module is in the folder of that module's tests."""
    beside = {"house", "machines", "theory", "golden", "live"}
    tests = ROOT / "tests"
    folders = {path.parent.relative_to(tests) for path in tests.rglob("test_*.py")}
    mirrored = {folder for folder in folders if folder.parts and folder.parts[0] not in beside}
    assert sorted(folder.as_posix() for folder in mirrored if not (PACKAGE / folder).is_dir()) == []
