"""Values of a session: extracted from responses, inserted into requests."""

from __future__ import annotations

import pytest

from simulator.model.times import LoopTime
from simulator.scenario.sections.session_spec import ExtractSpec
from simulator.traffic.live.request import RequestChoice
from simulator.traffic.live.values import filled, found_in
from simulator.wire.client import ClientResponse


def answer(body: bytes = b"", *headers: tuple[bytes, bytes]) -> ClientResponse:
    return ClientResponse(
        status=200,
        body_bytes=len(body),
        headers=headers,
        body=body,
        reusable=True,
        first_s=LoopTime(0.0),
        last_s=LoopTime(0.0),
    )


def found(given: ClientResponse, **where: str) -> str | None:
    values = found_in(given, {"v": ExtractSpec.model_validate(where)})
    return None if values is None else values["v"]


@pytest.mark.parametrize(
    ("body", "path", "value"),
    [
        (b'{"a": {"b": [1, "x"]}}', "a.b.1", "x"),
        (b'{"a": 5}', "a", "5"),
        (b'{"a": true}', "a", "true"),
        (b'{"a": {"b": 1}}', "a", '{"b": 1}'),
        (b'{"a": null}', "a", None),
        (b'{"a": 5}', "b", None),
        (b"[1]", "4", None),
        (b"not json", "a", None),
        (b'{"a": 5}', "a.b", None),
    ],
)
def test_a_value_is_extracted_from_json(body: bytes, path: str, value: str | None) -> None:
    assert found(answer(body), json=path) == value


def test_a_value_is_extracted_from_a_header_in_any_case() -> None:
    assert found(answer(b"", (b"location", b"/x")), header="Location") == "/x"
    assert found(answer(), header="Location") is None


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ({"after": "id=", "before": ";"}, "7"),
        ({"after": "; "}, "name=ann"),
        ({"after": "id=", "before": "!"}, None),
        ({"after": "key="}, None),
    ],
)
def test_a_value_is_extracted_from_text(where: dict[str, str], value: str | None) -> None:
    assert found(answer(b"id=7; name=ann\r\nmore"), **where) == value


def test_one_missing_value_makes_the_extraction_fail() -> None:
    wanted = {"a": ExtractSpec(header="a"), "b": ExtractSpec(header="b")}
    assert found_in(answer(b"", (b"a", b"1")), wanted) is None
    assert found_in(answer(b"", (b"a", b"1"), (b"b", b"2")), wanted) == {"a": "1", "b": "2"}


def test_values_are_inserted_everywhere_without_control_characters_in_the_head() -> None:
    template = RequestChoice("POST", "/${id}", headers=(("x-id", "${id}"),), body="${id} ${unknown}", is_template=True)
    made = filled(template, {"id": "a\r\nevil: 1"})
    assert made.path == "/a  evil: 1"
    assert made.headers == (("x-id", "a  evil: 1"),)
    assert made.body == "a\r\nevil: 1 ${unknown}"


def test_a_request_without_placeholders_is_unchanged() -> None:
    plain = RequestChoice(path="/x")
    assert filled(plain, {"id": "1"}) is plain
