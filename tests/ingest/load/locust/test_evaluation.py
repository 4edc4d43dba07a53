from __future__ import annotations

import ast
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ingest.load.locust.evaluation import CodeEvaluation, UnreadableCode


def value(text: str, **names: object) -> object:
    return CodeEvaluation(names).value(ast.parse(text, mode="eval").body)


def call(code: str, *arguments: object) -> object:
    (function,) = ast.parse(code).body
    assert isinstance(function, ast.FunctionDef)
    return CodeEvaluation({}, {"base": 3}).call(function, arguments)


NUMBERS = st.integers(-50, 50) | st.floats(-50, 50, allow_nan=False).map(lambda number: round(number, 3))
EXPRESSIONS = st.recursive(
    NUMBERS.map(repr),
    lambda inner: (
        st.builds(
            lambda left, operation, right: f"({left} {operation} {right})",
            inner,
            st.sampled_from(["+", "-", "*", "/", "//", "%", "<", "<=", "==", "!=", "and", "or"]),
            inner,
        )
        | st.builds(lambda one: f"abs({one})", inner)
        | st.builds(lambda one, two: f"max({one}, {two})", inner, inner)
        | st.builds(lambda one, two, three: f"({one} if {two} else {three})", inner, inner, inner)
    ),
    max_leaves=12,
)


@given(EXPRESSIONS)
def test_an_expression_has_the_value_that_python_gives_it(text: str) -> None:
    try:
        expected = eval(text)
    except ArithmeticError:
        with pytest.raises(UnreadableCode):
            value(text)
        return
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{'a': [1, 2]}['a'][-1]", 2),
        ("math.floor(math.e ** 2)", math.floor(math.e**2)),
        ("os.getenv('USERS', '7')", "7"),
        ("int(os.environ.get('USERS', 7)) * 2", 14),
        ("sum(each for each in [1])", None),
        ("{'a': 1}.get('b', 5)", 5),
        ("3 in range(5)", True),
        ("None is None", True),
    ],
)
def test_known_functions_and_values(text: str, expected: object) -> None:
    if expected is None:
        with pytest.raises(UnreadableCode):
            value(text)
    else:
        assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "open('/etc/passwd')",
        "__import__('os').system('true')",
        "().__class__",
        "'x' * 10 ** 9",
        "10 ** 10 ** 10",
        "range(10 ** 9)",
        "unknown",
        "1 / 0",
        "[].append(1)",
        "(lambda: 1)()",
        "'%1000000000d' % 1",
        "~1",
        "round(1, -10 ** 9)",
        "str([1])",
        "sum([[1], [2]], [])",
    ],
)
def test_what_only_running_the_file_can_tell_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableCode):
        value(text)


def test_statements_are_carried_out() -> None:
    code = """
def tick(self, first):
    total: int = first
    for index, (a, b) in enumerate([(1, 2), (3, 4), (5, 6)]):
        if index == 1:
            continue
        total += a * b
    while True:
        total -= 1
        if total < 20:
            break
    self.base += total
    return self.base, total
"""
    assert call(code, 0) == (22, 19)


@pytest.mark.parametrize(
    "body",
    [
        "while True:\n        pass",
        "x = list(range(100000))\n    for _ in range(100000):\n        x = sorted(x)",
        "x = ['x' * 99999]\n    for _ in range(100000):\n        x = x + [x[0] + 'y']",
        "for x in 5:\n        pass",
        "a, b = 5",
        "break",
    ],
)
def test_what_has_no_end_or_is_no_code_of_python_is_unreadable(body: str) -> None:
    with pytest.raises(UnreadableCode):
        call(f"def tick(self):\n    {body}\n")


def test_numbers_cannot_grow_without_bound() -> None:
    code = "def tick(self):\n    x = 3\n    for _ in range(40):\n        x = x * x\n    return x\n"
    assert call(code) == math.inf
