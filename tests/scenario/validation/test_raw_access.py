"""Access to plain data that may be invalid: values of the expected type are returned, others are skipped."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.model.text import units
from simulator.scenario.document import Document, parse_document
from simulator.scenario.validation.raw_access import count, items, mapping, naming_a_service, seconds, services, tried

TEXT = """
services: {web: {a: 1}, bad: 3}
traffic: [{service: web}, 7]
timeline:
  - {at: 1s, kill_instance: {service: web}}
  - {at: 2s, kill_instance: 5}
"""


@pytest.fixture
def document() -> Document:
    return parse_document(TEXT, "a.yaml")


def test_services_and_items_that_are_no_mappings_are_skipped(document: Document) -> None:
    assert list(services(document)) == [("web", {"a": 1})]
    assert list(items(document, "traffic")) == [(0, {"service": "web"})]
    assert list(items(document, "missing")) == []


def test_everything_that_names_a_service_is_found(document: Document) -> None:
    found = list(naming_a_service(document))
    assert found == [
        (("traffic", 0), {"service": "web"}),
        (("timeline", 0, "kill_instance"), {"service": "web"}),
    ]


@pytest.mark.parametrize(
    ("value", "expected"), [("5s", 5.0), ("1 min", 60.0), (None, None), ("x", None), ([], None), (True, None)]
)
def test_seconds_are_read_where_they_are_valid(value: Any, expected: float | None) -> None:
    assert seconds(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(3, 3), (0, 0), (True, None), (1.0, None), ("3", None)])
def test_a_count_is_an_integer(value: Any, expected: int | None) -> None:
    assert count(value) == expected


def test_another_form_gives_an_empty_mapping_or_nothing() -> None:
    assert mapping([1]) == {}
    assert mapping({"a": 1}) == {"a": 1}
    assert tried(units.parse_duration, "x") is None
