"""A fault is an event of a timeline without its time."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from simulator.scenario.sections.fault_spec import KINDS, FaultSpec
from simulator.scenario.sections.timeline_spec import EventSpec, WireFaultSpec


def test_its_kinds_are_those_of_a_timeline_with_the_same_sections() -> None:
    for kind in KINDS:
        assert FaultSpec.model_fields[kind].annotation == EventSpec.model_fields[kind].annotation


def test_a_fault_has_its_kind_and_its_section() -> None:
    given = FaultSpec.model_validate({"wire_fault": {"kind": "latency", "delay": "200ms"}})
    assert given.kind == "wire_fault"
    assert isinstance(given.fault, WireFaultSpec)
    assert given.fault.delay_s == 0.2


@pytest.mark.parametrize("given", [{}, {"kill_instance": {}, "slow_starts": {"extra": "1s"}}])
def test_it_is_exactly_one(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="must be exactly one of kill_instance, recycle, maintenance, slow"):
        FaultSpec.model_validate(given)
