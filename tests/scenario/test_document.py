"""YAML documents as plain data with the places of values."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simulator.scenario.document import DEPTH_MAX, FILE_BYTES_MAX, Document, dotted, parse_document
from simulator.scenario.problems import Problem, ScenarioError


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as caught:
        parse_document(text, "f.yaml")
    return caught.value.problems


def test_every_place_is_where_its_key_or_item_begins() -> None:
    document = parse_document("a:\n  b: 1\n  c: [x, {d: 2}]\n")

    assert document.data == {"a": {"b": 1, "c": ["x", {"d": 2}]}}
    assert document.place(("a", "b")) == (2, 3)
    assert document.place(("a", "c", 1)) == (3, 10)
    assert document.place(("a", "c", 1, "d")) == (3, 11)


def test_the_place_of_a_missing_key_is_that_of_what_encloses_it() -> None:
    document = parse_document("a:\n  b: 1\n")

    assert document.place(("a", "missing", "deeper")) == (1, 1)
    assert document.found(("a", "missing")) == "nothing"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("2023-11-16", "2023-11-16"),
        ("1e3", 1000.0),
        ("010", 10),
        ("true", True),
        ("~", None),
        ("", None),
        ("90s", "90s"),
        ("'5'", "5"),
        ("1_000", "1_000"),
    ],
)
def test_scalars_follow_yaml_1_2(written: str, value: object) -> None:
    read = parse_document(f"a: {written}\n").data["a"]

    assert read == value
    assert type(read) is type(value)


def test_a_syntax_error_has_its_place() -> None:
    (problem,) = problems_of("a: 1\nb: [1, 2\nc: 3\n")

    assert (problem.file, problem.line, problem.column) == ("f.yaml", 2, 4)  # where the list was opened
    assert problem.found == "a list in [ ] that is not closed"


def test_an_unprintable_character_has_its_place() -> None:
    (problem,) = problems_of("a: 1\nb: \x07\n")

    assert (problem.line, problem.column) == (2, 4)


def test_a_duplicate_key_names_the_first_one() -> None:
    (problem,) = problems_of("a: 1\nb: 2\na: 3\n")

    assert (problem.line, problem.path) == (3, "a")
    assert "the first is in line 1" in problem.expected


def test_all_duplicate_keys_are_reported_at_once() -> None:
    assert [problem.line for problem in problems_of("a: 1\na: 2\nb: {c: 1, c: 2}\n")] == [2, 3]


@pytest.mark.parametrize("text", ["", "- a\n", "just text\n", "12\n"])
def test_the_top_level_must_be_a_mapping(text: str) -> None:
    (problem,) = problems_of(text)

    assert "a mapping" in problem.expected


def test_an_alias_stands_for_what_it_names() -> None:
    assert parse_document("a: &x {b: 1}\nc: *x\n").data == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.case("L44")
@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\n", {"b": 1, "c": 3}),
        ("a: &x {b: 1, c: 2}\nd: {c: 3, <<: *x}\n", {"b": 1, "c": 3}),
        ("a: &x {b: 1}\ne: &y {b: 2, c: 4}\nd: {<<: [*x, *y]}\n", {"b": 1, "c": 4}),
        ("a: &x {b: 1}\ne: &y {<<: *x, c: 4}\nd: {<<: *y, b: 7}\n", {"b": 7, "c": 4}),
        ("d: {<<: {b: 1}, c: {b: 2}}\n", {"b": 1, "c": {"b": 2}}),
        ('d: {"<<": 1}\n', {"<<": 1}),
    ],
)
def test_merge_keys_add_missing_keys(text: str, data: dict[str, object]) -> None:
    assert parse_document(text).data["d"] == data


@pytest.mark.case("L44")
def test_a_merged_key_has_the_place_where_it_is_written() -> None:
    document = parse_document("a: &x\n  b: {e: 1}\n  c: 2\nd:\n  <<: *x\n  b: {e: 5}\n")

    assert document.place(("d", "c")) == (3, 3)
    assert document.place(("d", "b", "e")) == (6, 7)


@pytest.mark.case("L44")
def test_merge_keys_do_not_bypass_rejections() -> None:
    assert problems_of("a: &a {<<: *a}\n")[0].found == "too much"
    assert problems_of("a: {<<: 5}\n")[0].found == "<< with something else"
    assert problems_of("a: {<<: {b: 1, b: 2}}\n")[0].found == "a second b"
    lines = ["a0: &a0 {k: 1}"] + [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 8)]
    assert problems_of("\n".join(lines))[0].found == "too much"


def test_an_alias_bomb_is_rejected_with_one_problem() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    (problem,) = problems_of("\n".join(lines))

    assert problem.found == "too much"


def test_an_alias_within_itself_is_rejected() -> None:
    assert problems_of("a: &a [*a]\n")[0].found == "too much"


@pytest.mark.parametrize("depth", [DEPTH_MAX + 1, 100_000])
def test_nesting_beyond_the_bound_is_rejected(depth: int) -> None:
    assert problems_of("a: " + "[" * depth + "]" * depth)


def test_a_file_beyond_the_bound_is_rejected() -> None:
    (problem,) = problems_of("a: " + "x" * FILE_BYTES_MAX)

    assert problem.expected == f"at most {FILE_BYTES_MAX} bytes"


@pytest.mark.parametrize("text", ["a: !!python/object:os.system x\n", "a: !secret x\n", "? [a, b]\n: 1\n"])
def test_tags_and_keys_that_are_not_text_are_rejected(text: str) -> None:
    assert problems_of(text)


def test_a_number_of_thousands_of_digits_is_read_as_a_float() -> None:
    assert parse_document("a: " + "9" * 5000).data["a"] == float("inf")


def test_a_path_is_written_with_dots_and_brackets() -> None:
    assert dotted(("traffic", 0, "from")) == "traffic[0].from"


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(alphabet="abc: -#'\"{}[]&*!", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz", min_size=1), inner, max_size=3),
    max_leaves=10,
)


@given(data=st.dictionaries(st.text("abcxyz", min_size=1), PLAIN, min_size=1, max_size=4))
def test_written_yaml_is_read_back_and_every_key_has_a_place(data: dict[str, object]) -> None:
    document: Document = parse_document(yaml.safe_dump(data, default_flow_style=False))

    assert document.data == data
    assert all((key,) in document.places for key in data)
