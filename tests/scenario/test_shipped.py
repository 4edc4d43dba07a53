"""The shipped scenarios: their list is read without validation of the files, with the same result."""

from pathlib import Path

import pytest

from simulator.scenario.scenario import load_scenario
from simulator.scenario.shipped import description_of, shipped_scenarios


@pytest.mark.case("X8k")
def test_a_description_equals_that_of_the_whole_file() -> None:
    for path in shipped_scenarios().values():
        assert description_of(path) == load_scenario(path).description


def test_only_the_description_of_the_scenario_itself_counts(tmp_path: Path) -> None:
    file = tmp_path / "nested.yaml"
    file.write_text("version: description\nservices: {description: {description: not this}}\ndescription: this\n")
    assert description_of(file) == "this"
    file.write_text("version: 1\nservices: {description: not this}\n")
    assert description_of(file) == ""
