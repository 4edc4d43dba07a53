"""Actions of rules: header fields inserted into requests, responses, and errors."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.rules.waf.action_documents import action_of, bodies_of, inserted_by
from simulator.rules.waf.json_node import JsonNode, WebAclError
from simulator.rules.waf.statement_documents import StatementReader
from simulator.rules.waf.web_acl import WafAction


def node(value: Any) -> JsonNode:
    return JsonNode(value, "acl.json", "Action")


def inserting(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"CustomRequestHandling": {"InsertHeaders": [{"Name": name, "Value": text} for name, text in pairs]}}


def test_inserted_fields_have_the_prefix_of_aws_and_any_valid_name() -> None:
    assert inserted_by(node(inserting(("Trust", "high"), ("Date", "x y")))) == (
        (b"x-amzn-waf-trust", b"high"),
        (b"x-amzn-waf-date", b"x y"),
    )
    assert inserted_by(node({})) == ()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (inserting(("a b", "c")), 'InsertHeaders[0].Name = "a b", must be a name of a header field'),
        (inserting(("a", "b\r\nc: d")), "must be printable ASCII"),
        (inserting(), "InsertHeaders has 0 entries, must have 1 to 10"),
        (inserting(*[("a", "b")] * 11), "has 11 entries, must have 1 to 10"),
        ({"CustomRequestHandling": {}}, "InsertHeaders = nothing, must be given"),
        ({"CustomRequest": {}}, "did you mean `CustomRequestHandling`?"),
    ],
)
def test_an_error_of_inserted_fields_names_the_place(settings: Any, message: str) -> None:
    with pytest.raises(WebAclError) as caught:
        inserted_by(node(settings))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("action", "expected"),
    [("Allow", WafAction.ALLOW), ("Block", WafAction.BLOCK), ("Count", WafAction.COUNT)],
)
def test_an_action_is_determined_by_its_member(action: str, expected: WafAction) -> None:
    reader = StatementReader({}, {})

    assert action_of(node({action: {}}), reader, {})[0] is expected
    assert reader.gaps == []


@pytest.mark.parametrize("action", ["Captcha", "Challenge"])
def test_an_action_that_needs_aws_is_named_with_its_place(action: str) -> None:
    reader = StatementReader({}, {})

    assert action_of(node({action: {}}), reader, {})[0] is WafAction.NOT_EVALUATED
    assert reader.gaps == [f"Action: {action}"]


def test_a_response_has_no_field_that_the_balancer_sets() -> None:
    custom = {"ResponseCode": 403, "ResponseHeaders": [{"Name": "Date", "Value": "x"}]}

    with pytest.raises(WebAclError, match="must be none of connection"):
        action_of(node({"Block": {"CustomResponse": custom}}), StatementReader({}, {}), {})


def test_bodies_are_by_key_with_their_content_type() -> None:
    given = {"slow": {"ContentType": "TEXT_HTML", "Content": "<p>"}}

    assert bodies_of(node(given)) == {"slow": ("text/html", "<p>")}
    assert bodies_of(None) == {}
