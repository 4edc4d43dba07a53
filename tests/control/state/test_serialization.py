"""Resources as documents: each kind is restored unchanged, and an invalid document is named."""

from __future__ import annotations

import pytest

from simulator.control.operations.revisions import built_in_auto_scaling, built_in_observability
from simulator.control.state.serialization import KINDS, DocumentError, from_json, kind_of, to_json
from simulator.model.resources.api_resources import ConnectionResource, Resource

PLACE = ("123456789012", "us-east-1")


@pytest.mark.parametrize("resource", [built_in_auto_scaling(*PLACE), built_in_observability(*PLACE)])
def test_a_resource_is_restored_unchanged(resource: Resource) -> None:
    kind = kind_of(resource)
    assert from_json(kind, to_json(resource)) == resource


def test_the_names_of_kinds_are_those_of_every_state_file() -> None:
    assert sorted(KINDS) == [
        "account",
        "auto-scaling",
        "connection",
        "custom-domain",
        "observability",
        "operation",
        "service",
        "vpc-connector",
        "vpc-ingress",
    ]
    assert KINDS["connection"] is ConnectionResource


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        ("conection", "{}", "kind = 'conection', must be .*connection"),
        ("connection", "{}", "connection: arn: "),
        ("connection", "[]", "connection: the document: "),
        ("connection", "{", "connection: the document: "),
    ],
)
def test_a_bad_document_is_named_with_its_first_violation(kind: str, body: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        from_json(kind, body)
