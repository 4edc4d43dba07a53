"""Errors in the arguments of a call."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.mcp.failure import ToolFailure
from simulator.mcp.tools.argument_errors import arguments_of
from simulator.mcp.tools.compare import COMPARE
from simulator.mcp.tools.runs import RUN


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "scenario = left out, must be given"),
        ({"scenario": 3}, "scenario = 3, must be a valid string"),
        ({"scenario": "a", "sed": 1}, "sed = 1, must be one of scenario, changes, seed, policy; did you mean `seed`?"),
        ({"scenario": "a", "seed": -1}, "seed = -1, must be greater than or equal to 0"),
        ({"scenario": "a", "changes": "{"}, 'changes = "{", must be a valid dictionary'),
    ],
)
def test_an_error_names_the_argument_its_value_and_what_is_expected(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ToolFailure) as raised:
        arguments_of(RUN, given)
    assert str(raised.value) == message


def test_every_wrong_argument_is_named_and_long_values_are_shortened() -> None:
    with pytest.raises(ToolFailure) as raised:
        arguments_of(COMPARE, {"scenario": ["x" * 500], "seeds": "many"})
    first, second = str(raised.value).splitlines()
    assert first.startswith('scenario = ["xxx')
    assert len(first) < 150
    assert second == 'seeds = "many", must be a valid integer, unable to parse string as an integer'
