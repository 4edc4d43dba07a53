"""The build plan: from values of the API, and the part of it that determines what is built."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.builds.artifact import CodeValues
from simulator.builds.build_plan import BuildPlan


def plan(runtime: str = "PYTHON_311") -> BuildPlan:
    values = CodeValues(runtime, "make", "./start", 8080, {"A": "1"}, {"KEY": "name"})
    return BuildPlan.of_values(values)


def test_values_of_the_api_are_one_build_command_and_one_start_command() -> None:
    made = plan()
    assert (made.build, made.start, made.port) == (("make",), "./start", 8080)
    assert (made.variables, made.secrets, made.build_variables) == ({"A": "1"}, {"KEY": "name"}, {})
    assert BuildPlan.of_values(CodeValues("PYTHON_311")).build == ()


@pytest.mark.parametrize(
    ("change", "is_built_again"),
    [
        ({"build": ("make all",)}, True),
        ({"pre_build": ("x",)}, True),
        ({"pre_run": ("x",)}, True),
        ({"build_variables": {"B": "1"}}, True),
        ({"variables": {"B": "1"}}, False),
        ({"secrets": {}}, False),
        ({"start": "./other"}, False),
        ({"port": 9000}, False),
    ],
)
def test_a_change_of_how_it_runs_is_no_other_build(change: dict[str, object], is_built_again: bool) -> None:
    assert (replace(plan(), **change).inputs() != plan().inputs()) is is_built_again  # type: ignore[arg-type]


def test_an_original_runtime_has_no_pre_run() -> None:
    revised, original = (replace(plan(name), pre_run=("x",)) for name in ("PYTHON_311", "PYTHON_3"))
    assert revised.commands == ("make", "x")
    assert original.commands == ("make",)
    assert original.inputs() == replace(original, pre_run=()).inputs()
