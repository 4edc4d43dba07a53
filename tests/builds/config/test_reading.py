"""Reading an apprunner.yaml: problems with place, value and expectation."""

from __future__ import annotations

import pytest

from simulator.builds.config.reading import read_config
from simulator.model.text.problems import FileProblems

GOOD = """version: 1.0
runtime: python311
build:
  commands:
    build:
      - make
run:
  command: ./start
"""


def problems(text: str) -> list[str]:
    with pytest.raises(FileProblems) as found:
        read_config(text)
    return [str(problem) for problem in found.value.problems]


def test_a_good_file_is_read() -> None:
    config = read_config(GOOD)
    assert (config.of_runtime.name, config.build.commands.build) == ("PYTHON_311", ("make",))


@pytest.mark.parametrize(
    ("old", "new", "place", "part"),
    [
        ("runtime: python311\n", "", "runtime", "must be given"),
        ("python311", "pyton311", "apprunner.yaml:2:1", "python311"),
        ("python311", "docker", "apprunner.yaml:2:1", "builds no Dockerfile"),
        ("    build:\n      - make", "    build: make", "build.commands.build", "each command in a line of its own"),
        ("command:", "comand:", "apprunner.yaml:8:3", "command"),
        ("run:\n", "run:\n  memory: 2 GB\n", "apprunner.yaml:8:3", "CreateService"),
    ],
)
def test_a_problem_has_its_place_and_what_is_expected(old: str, new: str, place: str, part: str) -> None:
    found = problems(GOOD.replace(old, new))
    assert any(place in text and part in text for text in found), found


def test_all_problems_are_reported_in_the_order_of_lines() -> None:
    found = problems(GOOD.replace("python311", "cobol").replace("command: ./start", "command: [a]"))
    assert len(found) == 2
    assert "apprunner.yaml:2:" in found[0]
    assert "apprunner.yaml:8:" in found[1]
