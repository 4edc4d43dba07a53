"""The text of a template: JSON, YAML and its short forms."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.cloudformation.template_error import TemplateError
from simulator.rules.cloudformation.template_text import parse_template


def test_short_forms_of_functions_become_long_forms() -> None:
    text = """
    a: !Ref x
    b: !GetAtt x.y.z
    c: !Sub ['${a}', {a: !Ref b}]
    d: !If [c, !Ref a, !GetAtt [x, y]]
    e: !Condition c
    f: !ImportValue
      Fn::Sub: x
    """
    assert parse_template(text) == {
        "a": {"Ref": "x"},
        "b": {"Fn::GetAtt": ["x", "y.z"]},
        "c": {"Fn::Sub": ["${a}", {"a": {"Ref": "b"}}]},
        "d": {"Fn::If": ["c", {"Ref": "a"}, {"Fn::GetAtt": ["x", "y"]}]},
        "e": {"Condition": "c"},
        "f": {"Fn::ImportValue": {"Fn::Sub": "x"}},
    }


def test_dates_and_keys_remain_texts() -> None:
    found = parse_template("2010-09-09: 2010-09-09\n80: a\ntrue: b")
    assert found == {"2010-09-09": "2010-09-09", "80": "a", "true": "b"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": }', "Template format error: JSON not well-formed. (line 1, column 7)"),
        ("a: [1", "Template format error: YAML not well-formed. (line 1, column 6)"),
        ("a: b: c", "Template format error: YAML not well-formed. (line 1, column 5)"),
        ("[1, 2]", "Template format error: unsupported structure."),
        ("", "Template format error: unsupported structure."),
        ("a: &x 1\nb: *x", "Template error: YAML aliases are not allowed in CloudFormation templates"),
        ("a: \x00", "Template format error: YAML not well-formed."),
        ("!!python/object:os.system {}", "Template format error: YAML not well-formed. (line 1, column 1)"),
        ("[" * 5000, "Template format error: the template is nested too deep."),
        ('{"a":' * 100_000, "Template format error: the template is nested too deep."),
    ],
)
def test_invalid_text_is_an_error_with_its_position(text: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template(text)
    assert str(caught.value) == message


@given(st.text(max_size=60))
def test_any_text_is_a_mapping_or_a_template_error(text: str) -> None:
    try:
        found = parse_template(text)
    except TemplateError as error:
        message = str(error)
    else:
        message = "Template "
        assert isinstance(found, dict)
    assert message.startswith("Template ")


@given(
    st.dictionaries(
        st.text(max_size=5), st.recursive(st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5), st.lists), max_size=4
    )
)
def test_json_is_parsed_unchanged(content: dict[str, object]) -> None:
    assert parse_template(json.dumps(content)) == content
