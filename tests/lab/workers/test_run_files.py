"""The files that a run reads."""

from __future__ import annotations

from pathlib import Path

from simulator.lab.workers.run_files import files_of, policy_sources
from simulator.scenario.scenario import load_scenario
from tests.lab.scenario_files import small_scenario


def test_a_policy_brings_the_modules_beside_it_that_it_imports(tmp_path: Path) -> None:
    files = {
        "mine.py": "import math, near\nfrom package.inner import x\nfrom . import relative\n",
        "near.py": "import mine\nfrom far import y\n",
        "far.py": "this is no Python",
        "unused.py": "",
        "package/__init__.py": "",
        "package/inner.py": "import deep",
        "package/other.py": "",
        "deep.py": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    found = {path.relative_to(tmp_path).as_posix() for path in policy_sources(tmp_path / "mine.py")}
    assert found == set(files) - {"unused.py"}


def test_the_files_of_a_scenario_and_of_policies_are_listed_once(tmp_path: Path) -> None:
    scenario = small_scenario(tmp_path)
    mine = tmp_path / "mine.py"
    mine.write_text("class Mine: ...")
    names = ["configured", f"{mine}:Mine", f"{mine}:Other"]
    assert files_of(load_scenario(scenario), *names) == [scenario, mine]
