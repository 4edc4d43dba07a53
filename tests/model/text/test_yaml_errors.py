"""YAML syntax errors in plain words, with their place."""

from __future__ import annotations

import pytest
import yaml

from simulator.model.text.yaml_errors import explained, place_of


def error_of(text: str) -> yaml.MarkedYAMLError:
    with pytest.raises(yaml.MarkedYAMLError) as broken:
        list(yaml.safe_load_all(text))
    return broken.value


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("a:\n\tb: 1\n", "a tab", "spaces"),
        ("a: b: c\n", "a second `: `", "in quotes"),
        ("a: 'b\n", "a quotation mark that is not closed", "same quotation mark"),
        ("a: [1, 2\nb: 1\n", "a list in [ ] that is not closed", "[one, two]"),
        ("a: {b: 1\nc: 2\n", "a mapping in { } that is not closed", "{key: value}"),
        ("a: *b\n", "a text that begins with *", "in quotes"),
        ("a: @b\n", "a text that begins with @", "in quotes"),
        ('a: "\\d"\n', "a backslash", "written twice"),
        ("a: 1\n- b\n", "an item where a key should be", "below a key"),
        ("a: 1\nb\n", "a line without `:`", "`key: value`"),
    ],
)
def test_each_mistake_is_explained_with_its_place(text: str, found: str, expected: str) -> None:
    said, wanted = explained(error_of(text))
    assert found in said
    assert expected in wanted


def test_the_place_of_an_unclosed_bracket_is_its_start() -> None:
    assert place_of(error_of("a: 1\nb: [1, 2\nc: 1\n")) == (2, 4)
    assert place_of(error_of("a: 1\nb: 'x\n")) == (2, 4)
    assert place_of(error_of("a: 1\n  b: 2\n")) == (2, 4)


def test_an_unknown_message_is_unchanged() -> None:
    assert explained(yaml.MarkedYAMLError(problem="something else")) == ("something else", "YAML")
    assert place_of(yaml.MarkedYAMLError()) == (1, 1)
