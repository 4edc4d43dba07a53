"""Extras: each imported library is a dependency or in an extra, and the error for a missing one names the extra."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from simulator.model.extras import EXTRAS, explain_missing, missing_text

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Distributions whose name differs from that of the imported module.
DISTRIBUTIONS = {
    "nodesemver": "node-semver",
    "distributed": "dask",
    "opentelemetry": "opentelemetry-sdk",
    "re2": "google-re2",
}

WITHOUT = """
import sys
from simulator.cli import main

class Lacking:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in lacking else self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

lacking = set(sys.argv[1].split(","))
sys.meta_path[:] = [Lacking(finder) for finder in sys.meta_path]
sys.argv = ["simulator", *sys.argv[2:]]
main()
"""


def without(libraries: set[str], *command: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", WITHOUT, ",".join(sorted(libraries)), *command]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("library", EXTRAS)
def test_a_library_is_in_the_extra_that_is_named(library: str) -> None:
    distribution = DISTRIBUTIONS.get(library, library).replace("_", "-")
    wanted = PROJECT["optional-dependencies"][EXTRAS[library]]
    assert any(each.startswith(distribution) for each in wanted)
    assert not any(each.startswith(distribution) for each in PROJECT["dependencies"])


def test_only_what_is_in_an_extra_is_explained() -> None:
    assert explain_missing(ModuleNotFoundError("", name="aiohttp.web")) == missing_text("aiohttp")
    assert explain_missing(ModuleNotFoundError("", name="app")) is None
    assert explain_missing(ImportError("", name="aiohttp")) is None


@pytest.mark.parametrize(
    "command",
    [
        ["run", "first-look", "-q"],
        ["compare", "first-look", "--policy", "knative", "--seeds", "2"],
        ["policies"],
        ["lesson"],
    ],
    ids=lambda words: words[0],
)
def test_virtual_time_runs_without_any_extra(command: list[str]) -> None:
    answer = without(set(EXTRAS), *command)
    assert answer.returncode == 0, answer.stderr


def test_the_error_of_a_verb_names_the_missing_extra() -> None:
    answer = without(set(EXTRAS), "serve")
    assert answer.returncode == 2
    error, hint = answer.stderr.splitlines()
    assert error == "error: aiohttp, which this needs, is not installed"
    assert hint == "hint: `pip install '.[serve]'` in a clone installs it"
