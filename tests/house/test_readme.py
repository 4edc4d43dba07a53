"""The README's two commands are the ones that users and CI run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.scenario import read_scenario

ROOT = Path(__file__).parent.parent.parent


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    return [block.strip() for block in blocks]


def test_ci_runs_the_readmes_test_command() -> None:
    assert commands()[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_first_command_runs_a_shipped_scenario() -> None:
    name = commands()[0].rsplit(" ", 1)[-1]
    assert (ROOT / "scenarios" / f"{name}.yaml").is_file()


def test_the_shown_output_of_that_scenario_is_the_real_output() -> None:
    golden = json.loads((ROOT / "tests" / "golden" / "worldcup98.json").read_text(encoding="utf-8"))
    site, readme = golden["services"]["site"], (ROOT / "README.md").read_text(encoding="utf-8")
    requests, rejected = int(golden["checks"]["requests > 300000"]), site["by_status"]["429"]

    assert f"{requests:,} requests: {requests - rejected:,} served" in readme
    assert f"{rejected:,} rejected ({rejected / requests:.3%}".replace("%", " %") in readme
    assert site["decisions"][0].partition(", ")[2] in readme


def test_it_is_short_enough_to_be_read() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 120


@pytest.mark.case("H16")
def test_its_number_of_policies_is_that_of_the_table() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (tens, ones) = re.findall(r"^(Twenty|Thirty)(?:-(\w+))? policies", readme, flags=re.MULTILINE)[0]
    units = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    told = {"Twenty": 20, "Thirty": 30}[tens] + units.index(ones)
    assert told == len(set(POLICIES) - {"oracle"})  # which the sentence names in addition


@pytest.mark.slow
@pytest.mark.case("X14")
def test_the_smallest_min_size_that_it_names_is_the_smallest_that_passes(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(.*?)```", readme, flags=re.DOTALL)
    (sizes,) = re.findall(r"--vary min_size=([0-9,]+)", readme)
    (smallest,) = re.findall(r"pass from MinSize (\d+) on; with (?:\d+), App Runner rejects (?:\d+) %", readme)
    reports = {}
    for size in sizes.split(","):
        scenario = read_scenario(text, folder=tmp_path, changes={"services.shop.min_size": int(size)})
        reports[size] = build_report(play(Run(scenario), signals=False))

    assert next(size for size, report in reports.items() if report.passed) == smallest
    assert all(report.passed for size, report in reports.items() if int(size) >= int(smallest))
    rejected = reports[sizes[0]].requests.rejected_ratio
    assert rejected is not None
    assert f"with {sizes[0]}, App Runner rejects {rejected:.0%}".replace("%", " %") in readme
