"""The value types that sections share."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from simulator.scenario.sections.base_model import Flag


@pytest.mark.parametrize(("given", "flag"), [(True, True), (False, False), ("on", True), ("off", False)])
def test_a_flag_is_true_or_false_or_on_or_off(given: object, flag: bool) -> None:
    assert TypeAdapter(Flag).validate_python(given) is flag


@pytest.mark.parametrize("given", ["yes", "ON", "true", 1, 0, None, [], {}])
def test_a_flag_is_nothing_else(given: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Flag).validate_python(given)
