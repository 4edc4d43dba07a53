"""The iterations of a script of k6: the requests and pauses of its functions, read from the text in their order.

Source: Grafana k6 documentation, "k6/http", "sleep", "Scenarios" (`exec`). A call in a condition or a loop is one call;
a function of the script that another one calls is not followed.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from simulator.ingest.load.js_literal import LiteralError, end_of_block, without_comments
from simulator.ingest.load.plan import LoadRequest, path_of, seconds_text

DEFAULT: Final = "default"
_FUNCTION: Final = re.compile(
    r"export\s+(?:(default)\s+)?(?:async\s+)?(?:function\b\s*(\w*)\s*\([^)]*\)|(?:(?:const|let)\s+(\w+)\s*=\s*)?"
    r"(?:async\s*)?\([^)]*\)\s*=>)\s*\{"
)
_CALL: Final = re.compile(
    r"""http\.(?:(get|post|put|patch|del|head|options)\(|request\(\s*['"`](\w+)['"`]\s*,)"""
    r"""\s*(?:[\w.$]+\s*\+\s*)?(['"`])(.*?)\3""",
    re.DOTALL,
)
_NUMBER: Final = r"\s*(\d+(?:\.\d*)?|\.\d+)\s*"
_PAUSE: Final = re.compile(
    rf"\bsleep\((?:{_NUMBER}|\s*randomIntBetween\({_NUMBER},{_NUMBER}\)\s*|\s*Math\.random\(\)\s*\*{_NUMBER}|([^;\n]*))\)"
)
_STEP: Final = re.compile(f"{_CALL.pattern}|{_PAUSE.pattern}", re.DOTALL)


_RANDOM: Final = "RANDOM"
_ARITHMETIC: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class ScriptIteration(NamedTuple):
    """What a function does in an iteration. `rest`: the pause between two iterations, as YAML; empty for none.

    `unread`: pauses that are expressions.
    """

    requests: tuple[LoadRequest, ...] = ()
    rest: str = ""
    unread: tuple[str, ...] = ()


class _Pause(NamedTuple):
    """A pause between two times, in seconds."""

    low_s: float = 0.0
    high_s: float = 0.0

    @property
    def text(self) -> str:
        if self.low_s == self.high_s:
            return seconds_text(self.low_s) if self.low_s else ""
        return f"{{uniform: {{low: {seconds_text(self.low_s)}, high: {seconds_text(self.high_s)}}}}}"

    def after(self, other: _Pause) -> _Pause:
        return _Pause(self.low_s + other.low_s, self.high_s + other.high_s)


def iterations(script: str) -> dict[str, ScriptIteration]:
    """Return the iteration of each function that a scenario may name as `exec`; that of the script is `default`."""
    found = {}
    script = without_comments(script)
    for match in _FUNCTION.finditer(script):
        name = DEFAULT if match[1] else match[2] or match[3]
        try:
            body = script[match.end() : end_of_block(script, match.end())]
        except LiteralError:
            body = script[match.end() :]
        if name:
            found[name] = _iteration(body)
    return found


def _iteration(body: str) -> ScriptIteration:
    calls: list[tuple[str, str]] = []
    pauses: list[_Pause] = []
    first = _Pause()
    unread = []
    for match in _STEP.finditer(body):
        if match[4] is not None:
            method = (match[1] or match[2]).upper()
            calls.append(("DELETE" if method == "DEL" else method, _path(match[4])))
            pauses.append(_Pause())
            continue
        pause = _pause(match)
        if pause is None:
            unread.append(match[0])
        elif calls:
            pauses[-1] = pauses[-1].after(pause)
        else:
            first = first.after(pause)
    if not calls:
        return ScriptIteration(unread=tuple(unread))
    rest = pauses.pop().after(first)
    requests = tuple(
        LoadRequest(method, path, pause.text) for (method, path), pause in zip(calls, [*pauses, _Pause()], strict=True)
    )
    return ScriptIteration(requests, rest.text, tuple(unread))


def _pause(match: re.Match[str]) -> _Pause | None:
    """Return the pause of a call of `sleep`; None for an expression."""
    constant, low, high, most = match[5], match[6], match[7], match[8]
    if constant is not None:
        return _Pause(float(constant), float(constant))
    if low is not None:
        return _Pause(*sorted((float(low), float(high))))
    return _uniform(match[9]) if most is None else _Pause(0.0, float(most))


def _uniform(expression: str) -> _Pause | None:
    """Return the pause of an expression of numbers and one `Math.random()`; None for any other."""
    try:
        tree = ast.parse(expression.strip().replace("Math.random()", _RANDOM), mode="eval").body
        low_s, middle_s, high_s = (_value(tree, at) for at in (0.0, 0.5, 1.0))
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
        return None
    is_uniform = abs(low_s + high_s - 2 * middle_s) < 1e-9 * max(1.0, low_s + high_s) and min(low_s, high_s) >= 0
    once = expression.count("Math.random()") <= 1
    return _Pause(*sorted((low_s, high_s))) if is_uniform and once else None


def _value(tree: ast.expr, random: float) -> float:
    """Return the value of arithmetic for a random number.

    Raises:
        ValueError: for anything else.
    """
    match tree:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name(id=name) if name == _RANDOM:
            return random
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, random)
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _ARITHMETIC:
            return _ARITHMETIC[type(operation)](_value(left, random), _value(right, random))
        case _:
            raise ValueError("no arithmetic")


def _path(url: str) -> str:
    """Return the path of an address whose beginning may be a variable, as in `${BASE}/items`; its parts are `{id}`."""
    address = re.sub(r"^\$\{[^}]*\}", "", url)
    return path_of(re.sub(r"\$\{[^}]*\}", "{id}", address))
