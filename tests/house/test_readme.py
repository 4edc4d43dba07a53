"""The README's two commands are the ones that people and CI run."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    return [block.strip() for block in blocks]


def test_ci_runs_the_readmes_test_command() -> None:
    assert commands()[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_first_command_runs_a_shipped_scenario() -> None:
    name = commands()[0].rsplit(" ", 1)[-1]
    assert (ROOT / "scenarios" / f"{name}.yaml").is_file()


def test_what_it_shows_of_that_scenario_is_what_comes_out() -> None:
    golden = json.loads((ROOT / "tests" / "golden" / "worldcup98.json").read_text(encoding="utf-8"))
    site, readme = golden["services"]["site"], (ROOT / "README.md").read_text(encoding="utf-8")
    requests, rejected = int(golden["checks"]["requests > 300000"]), site["by_status"]["429"]

    assert f"{requests:,} requests: {requests - rejected:,} served" in readme
    assert f"{rejected:,} rejected ({rejected / requests:.3%}".replace("%", " %") in readme
    assert site["decisions"][0].partition(", ")[2] in readme
