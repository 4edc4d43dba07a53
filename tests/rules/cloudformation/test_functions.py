"""Intrinsic functions, from the examples and rules of AWS's user guide."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.cloudformation.functions import KNOWN_LATER
from simulator.rules.cloudformation.template_error import TemplateError
from simulator.rules.cloudformation.template_text import parse_template
from tests.rules.cloudformation.evaluated import evaluation


def value_of(text: str) -> Any:
    return evaluation().value(parse_template(f"Value: {text}")["Value"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!Ref Level", "debug"),
        ("!Ref Ports", ["80", "81"]),
        ("!Ref Service", "arn:service"),
        ("{Ref: AWS::Region}", "eu-west-1"),
        ("!GetAtt Service.ServiceUrl", "arn:service/ServiceUrl"),
        ("!GetAtt [Service, ServiceUrl]", "arn:service/ServiceUrl"),
        ("{Fn::GetAtt: [Service, {Ref: Level}]}", "arn:service/debug"),
        ("!Sub 'x-${Level}-${AWS::Region}'", "x-debug-eu-west-1"),
        ("!Sub '${Service}/${Service.ServiceUrl}'", "arn:service/arn:service/ServiceUrl"),
        ("!Sub '${!Level} ${ Level }'", "${Level} debug"),
        ("!Sub ['${Own}-${Level}', {Own: !Ref Service, Level: mine}]", "arn:service-mine"),
        ("!Sub 'no variables, $ and ${'", "no variables, $ and ${"),
        ("!Join [':', [a, !Ref Level, 1, true]]", "a:debug:1:true"),
        ("!Join ['', !Ref Ports]", "8081"),
        ("!Join [',', []]", ""),
        ("!Split ['|', 'a||c']", ["a", "", "c"]),
        ("!Split [',', 'a']", ["a"]),
        ("!Select [1, [a, b]]", "b"),
        ("!Select ['0', !Ref Ports]", "80"),
        ("!Select [2, !Split ['-', !Sub 'a-${Level}-c']]", "c"),
        ("!Select [!FindInMap [Index, one, two], [a, b]]", TemplateError),
        ("!FindInMap [Sizes, !Ref 'AWS::Region', cpu]", "1024"),
        ("!FindInMap [Sizes, eu-west-1, ids]", ["a", "b"]),
        ("!If [IsDebug, 1, 2]", 1),
        ("!If [IsLive, 1, !Ref Level]", "debug"),
        ("!If [Both, yes, no]", False),
        ("!If [Either, a, b]", "a"),
        ("!If [IsTrue, a, b]", "a"),
        ("[a, !If [IsLive, b, !Ref 'AWS::NoValue'], c]", ["a", "c"]),
        ("{a: !Ref 'AWS::NoValue', b: 1}", {"b": 1}),
        ("!ImportValue url", "https://shop"),
        ("!ImportValue {Fn::Sub: 'u${Empty}'}", TemplateError),
        ("!Base64 'a shop'", "YSBzaG9w"),
        ("!Base64 {Ref: Level}", "ZGVidWc="),
        ("!Cidr ['192.168.0.0/24', 6, 5]", [f"192.168.0.{each}/27" for each in range(0, 192, 32)]),
        ("!Select [0, !Cidr ['10.0.0.0/16', 1]]", "10.0.0.0/24"),
        ("!GetAZs eu-north-1", ["eu-north-1a", "eu-north-1b", "eu-north-1c"]),
        ("!GetAZs ''", ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ("{plain: [1, 2.5, true, 2010-09-09]}", {"plain": [1, 2.5, True, "2010-09-09"]}),
    ],
)
def test_a_function_has_the_value_of_the_user_guide(text: str, value: Any) -> None:
    if value is TemplateError:
        with pytest.raises(TemplateError):
            value_of(text)
    else:
        assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("!Select [2, [a, b]]", "Template error: Fn::Select  cannot select nonexistent value at index 2"),
        ("!Select [-1, [a, b]]", "Template error: Fn::Select  cannot select nonexistent value at index -1"),
        ("!Select [a]", "Fn::Select requires a list argument with two elements"),
        ("!Join [a, b]", "every Fn::Join object requires two parameters"),
        ("!Join ['', [{a: 1}]]", "every value of Fn::Join must be a string"),
        ("!Split ['', a]", "every Fn::Split object requires two parameters"),
        ("!FindInMap [Sizes, eu-west-1, gpu]", "Unable to get mapping for Sizes::eu-west-1::gpu"),
        ("!FindInMap [Sizes, cpu]", "every Fn::FindInMap object requires three parameters"),
        ("!If [IsDebug, 1]", "Fn::If requires a list argument with three parameters"),
        ("!If [Nothing, 1, 2]", "unresolved condition dependency Nothing"),
        ("!GetAtt Service", "every Fn::GetAtt object requires two non-empty parameters"),
        ("!Sub [a]", "don't specify expected arguments"),
        ("!Sub '${Ports}'", "every value of Fn::Sub must be a string"),
        ("!Cidr ['10.0.0.0/30', 9, 1]", "has no 9 blocks of /31"),
        ("!Cidr ['10.0.0.0', 0]", "every Fn::Cidr object requires"),
        ("!Cidr [nonsense, 2, 8]", "every Fn::Cidr object requires"),
        ("!ImportValue other", "No export named other found."),
        ("!Transform {Name: x}", "Fn::Transform is not a function that can be used here"),
    ],
)
def test_an_invalid_use_of_a_function_is_an_error_with_the_text_of_aws(text: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        value_of(text)
    assert message in str(caught.value)


def test_functions_of_an_unknown_value_are_unknown() -> None:
    later = evaluation()
    assert later.value({"Fn::Join": [",", KNOWN_LATER]}) == KNOWN_LATER
    assert later.value({"Fn::Select": [5, {"Fn::Split": ["/", KNOWN_LATER]}]}) == KNOWN_LATER
    assert later.value({"Fn::Base64": KNOWN_LATER}) == KNOWN_LATER


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(st.lists(TEXTS, min_size=1, max_size=6), st.sampled_from([",", "|", "--"]))
def test_split_is_the_inverse_of_join(items: list[str], delimiter: str) -> None:
    plain = [each.replace(delimiter[0], "") for each in items]
    joined = {"Fn::Join": [delimiter, plain]}
    assert evaluation().value({"Fn::Split": [delimiter, joined]}) == plain


@given(TEXTS)
def test_sub_returns_a_text_without_variables_unchanged(text: str) -> None:
    plain = text.replace("$", "")
    assert evaluation().value({"Fn::Sub": plain}) == plain


@given(st.recursive(TEXTS | st.integers() | st.booleans(), lambda each: st.lists(each) | st.dictionaries(TEXTS, each)))
def test_a_value_without_functions_is_unchanged(value: Any) -> None:
    text = yaml.safe_dump(value)
    if "Fn::" not in text and "Ref" not in text:
        assert evaluation().value(value) == value
