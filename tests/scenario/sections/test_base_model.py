"""The value types that sections share."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from simulator.scenario.sections.aws_spec import AwsSpec
from simulator.scenario.sections.base_model import Flag, Section
from simulator.scenario.sections.distribution_spec import NOTHING, DistributionSpec
from simulator.scenario.sections.origin_spec import OperationsSpec, ServiceSourceSpec
from simulator.scenario.sections.service_spec import HealthCheckSpec, OverflowSpec, PricesSpec
from simulator.scenario.sections.session_spec import RequestSpec


@pytest.mark.parametrize(("given", "flag"), [(True, True), (False, False), ("on", True), ("off", False)])
def test_a_flag_is_true_or_false_or_on_or_off(given: object, flag: bool) -> None:
    assert TypeAdapter(Flag).validate_python(given) is flag


@pytest.mark.parametrize("given", ["yes", "ON", "true", 1, 0, None, [], {}])
def test_a_flag_is_nothing_else(given: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Flag).validate_python(given)


@pytest.mark.parametrize(
    "section", [AwsSpec, HealthCheckSpec, OperationsSpec, OverflowSpec, PricesSpec, RequestSpec, ServiceSourceSpec]
)
def test_an_unchanged_section_equals_one_that_was_checked(section: type[Section]) -> None:
    unchanged, checked = section.unchanged(), section()
    assert unchanged == checked
    assert vars(unchanged) == vars(checked)
    assert unchanged.model_fields_set == checked.model_fields_set == set()


def test_the_default_time_of_a_source_equals_one_that_was_checked() -> None:
    checked = DistributionSpec.model_validate({"constant": 0})
    assert checked == NOTHING
    assert NOTHING.model_fields_set == checked.model_fields_set
