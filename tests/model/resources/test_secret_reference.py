"""References to secrets: the three forms, and invalid ones."""

from __future__ import annotations

import pytest

from simulator.model.resources.secret_reference import ParameterReference, Reference, SecretReference, parse_reference

SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/key"


@pytest.mark.parametrize(
    ("text", "reference", "region"),
    [
        (SECRET, SecretReference(SECRET), "us-east-1"),
        (f"{SECRET}:username::", SecretReference(SECRET, "username"), "us-east-1"),
        (f"{SECRET}::AWSPREVIOUS:", SecretReference(SECRET, "", "AWSPREVIOUS"), "us-east-1"),
        (f"{SECRET}:k:s:v", SecretReference(SECRET, "k", "s", "v"), "us-east-1"),
        (PARAMETER, ParameterReference(PARAMETER), "eu-west-1"),
        ("shop/key", ParameterReference("shop/key"), ""),
        ("/shop/key.1", ParameterReference("/shop/key.1"), ""),
    ],
)
def test_each_form_of_a_reference_is_parsed(text: str, reference: Reference, region: str) -> None:
    assert parse_reference(text) == reference
    assert reference.region == region


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "a" * 2049,
        "arn:aws:s3:::bucket",
        f"{SECRET}:username",
        f"{SECRET}:a:b:c:d",
        PARAMETER.replace("111122223333", "1"),
        SECRET.replace(":secret:", ":other:"),
    ],
)
def test_other_text_is_rejected_with_the_expected_forms(text: str) -> None:
    with pytest.raises(ValueError, match="must be the ARN of a secret, with or without :json-key"):
        parse_reference(text)
