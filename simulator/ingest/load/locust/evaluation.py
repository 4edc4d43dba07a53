"""Evaluates constants and simple functions of a Python file from its syntax tree.

No code of the file is executed: only numbers, texts, lists, dicts, comparisons, arithmetic, a few functions of the
language and of `math`, loops and conditions are known. Everything else is an `UnreadableCode` with its line. Steps are
counted, the elements of lists and texts among them, so that a loop without end is reported, and memory is bounded.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from types import MappingProxyType
from typing import Any, Final

STEPS_MAX: Final = 2_000_000
_LENGTH_MAX: Final = 100_000
_ELEMENTS_A_STEP: Final = 16  # that a function reads, or an operator copies
_WHOLE_MAX: Final = 10**15  # above it numbers are floats, so that they cannot grow without bound
_DIGITS_MAX: Final = 300  # of `round`, which computes 10 to this power

_OPERATORS: Final[Mapping[type[ast.AST], Callable[[Any, Any], Any]]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.FloorDiv: operator.floordiv,
        ast.Mod: operator.mod,
        ast.Lt: operator.lt,
        ast.LtE: operator.le,
        ast.Gt: operator.gt,
        ast.GtE: operator.ge,
        ast.Eq: operator.eq,
        ast.NotEq: operator.ne,
        ast.Is: operator.is_,
        ast.IsNot: operator.is_not,
        ast.In: lambda one, many: one in many,
        ast.NotIn: lambda one, many: one not in many,
    }
)
_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "abs": abs,
        "bool": bool,
        "enumerate": lambda values, start=0: list(enumerate(values, start)),
        "float": float,
        "int": int,
        "len": len,
        "list": list,
        "max": max,
        "min": min,
        "round": lambda value, digits=None: round(value, _digits(digits)),
        "reversed": lambda values: list(reversed(values)),
        "sorted": sorted,
        "str": lambda value="": str(_single(value)),
        "sum": lambda values, start=0: sum(values, _single(start)),
        "tuple": tuple,
        "zip": lambda *values: list(zip(*values, strict=False)),
    }
)


def _digits(digits: int | None) -> int | None:
    if digits is not None and abs(digits) > _DIGITS_MAX:
        raise ValueError(digits)
    return digits


def _single(value: Any) -> Any:
    """Return a value that contains no others: the text or the sum of lists can be as long as all memory."""
    if isinstance(value, list | tuple | dict | range):
        raise TypeError(value)
    return value


_MATH: Final = frozenset({
    "ceil", "cos", "e", "exp", "fabs", "floor", "fmod", "log", "log10", "log2", "pi", "pow", "sin", "sqrt", "tan",
    "tau",
})  # fmt: skip
_METHODS: Final = frozenset({"get", "items", "keys", "values"})  # of a dict
_SETTINGS: Final = frozenset({"getenv", "get"})  # of `os` and `os.environ`


class UnreadableCode(ValueError):
    """A part of a file that is only known when it runs: its line and its text."""

    def __init__(self, node: ast.AST) -> None:
        super().__init__(node)
        self.line: int = getattr(node, "lineno", 1)
        self.text = ast.unparse(node)


class _Left(Exception):
    """A loop is left, or its turn: `is_break`."""

    def __init__(self, *, is_break: bool) -> None:
        super().__init__(is_break)
        self.is_break = is_break


class _Returned(Exception):
    def __init__(self, value: object) -> None:
        super().__init__(value)
        self.value = value


class CodeEvaluation:
    """Values of names, and of the attributes and the methods of `self`.

    `methods` are functions of the file; `known` are functions of the library, by their names at `self`.
    """

    def __init__(
        self,
        names: Mapping[str, Any],
        attributes: dict[str, Any] | None = None,
        methods: Mapping[str, ast.FunctionDef] | None = None,
        known: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        self.attributes = {} if attributes is None else attributes
        self._names = names
        self._methods = methods or {}
        self._known = known or {}
        self._steps = 0

    def value(self, node: ast.expr, scope: dict[str, Any] | None = None) -> Any:
        """Return the value of an expression.

        Raises:
            UnreadableCode: if it is only known when the file runs.
        """
        try:
            return self._value(node, {} if scope is None else scope)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise error if isinstance(error, UnreadableCode) else UnreadableCode(node) from error

    def call(self, function: ast.FunctionDef, arguments: Sequence[Any] = ()) -> Any:
        """Return what a method of the file returns; None if it ends without a return."""
        names = [each.arg for each in function.args.args][1:]
        scope = dict(zip(names, arguments, strict=False))
        if len(scope) != len(names):
            raise UnreadableCode(function)
        try:
            self._run(function.body, scope)
        except _Returned as returned:
            return returned.value
        except _Left as left:  # outside of a loop
            raise UnreadableCode(function) from left
        return None

    # --- statements ----------------------------------------------------------------------------------------------

    def _run(self, body: Iterable[ast.stmt], scope: dict[str, Any]) -> None:  # noqa: C901, PLR0912 a case for each kind
        for statement in body:
            self._count(statement)
            match statement:
                case ast.Return(value=value):
                    raise _Returned(None if value is None else self.value(value, scope))
                case ast.Assign(targets=targets, value=value):
                    found = self.value(value, scope)
                    for target in targets:
                        self._assign(target, found, scope)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    self._assign(target, self.value(value, scope), scope)
                case ast.AugAssign(target=target, op=operation, value=value):
                    changed = ast.copy_location(ast.BinOp(target, operation, value), statement)
                    self._assign(target, self.value(changed, scope), scope)
                case ast.If(test=test, body=then, orelse=otherwise):
                    self._run(then if self.value(test, scope) else otherwise, scope)
                case ast.For(target=target, iter=values, body=inner, orelse=[]):
                    each_of = self.value(values, scope)
                    if not isinstance(each_of, Iterable):
                        raise UnreadableCode(values)
                    self._loop(({"target": target, "value": each} for each in each_of), inner, scope)
                case ast.While(test=test, body=inner, orelse=[]):
                    self._loop(iter(lambda: {} if self.value(test, scope) else None, None), inner, scope)
                case ast.Break() | ast.Continue():
                    raise _Left(is_break=isinstance(statement, ast.Break))
                case ast.Expr(value=ast.Constant()) | ast.Pass():
                    pass
                case ast.Expr(value=ast.Call(func=ast.Name(id="print") | ast.Attribute(attr="info" | "debug"))):
                    pass
                case _:
                    raise UnreadableCode(statement)

    def _loop(self, turns: Iterable[dict[str, Any]], body: Sequence[ast.stmt], scope: dict[str, Any]) -> None:
        for turn in turns:
            self._count(body[0])
            if turn:
                self._assign(turn["target"], turn["value"], scope)
            try:
                self._run(body, scope)
            except _Left as left:
                if left.is_break:
                    return

    def _assign(self, target: ast.expr, value: Any, scope: dict[str, Any]) -> None:
        match target:
            case ast.Name(id=name):
                scope[name] = value
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                self.attributes[name] = value
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                if not isinstance(value, list | tuple | str | dict | range) or len(value) != len(parts):
                    raise UnreadableCode(target)
                for part, each in zip(parts, value, strict=True):
                    self._assign(part, each, scope)
            case _:
                raise UnreadableCode(target)

    def _count(self, node: ast.AST, *values: Any) -> None:
        """Count a step, and the elements of the values that it reads or makes."""
        self._steps += 1 + sum(len(each) // _ELEMENTS_A_STEP for each in values if isinstance(each, Sized))
        if self._steps > STEPS_MAX:
            raise UnreadableCode(node)

    # --- expressions ---------------------------------------------------------------------------------------------

    def _value(self, node: ast.expr, scope: dict[str, Any]) -> Any:  # noqa: C901, PLR0911, PLR0912 a case for each kind
        self._count(node)
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return scope[name] if name in scope else self._names[name]
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                return self.attributes[name]
            case ast.Attribute(value=ast.Name(id="math"), attr=name) if name in _MATH:
                return getattr(math, name)
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                found = [self._value(part, scope) for part in parts]
                return tuple(found) if isinstance(node, ast.Tuple) else found
            case ast.Dict(keys=keys, values=values):
                if None in keys:
                    raise UnreadableCode(node)
                return {
                    self._value(key, scope): self._value(value, scope)
                    for key, value in zip(keys, values, strict=True)
                    if key is not None
                }
            case ast.BinOp(left=left, op=operation, right=right):
                return self._binary(node, operation, self._value(left, scope), self._value(right, scope))
            case ast.UnaryOp(op=operation, operand=operand):
                value = self._value(operand, scope)
                match operation:
                    case ast.Not():
                        return not value
                    case ast.USub():
                        return -value
                    case ast.UAdd():
                        return +value
                    case _:
                        raise UnreadableCode(node)
            case ast.BoolOp(op=operation, values=values):
                is_and = isinstance(operation, ast.And)
                value = None
                for each in values:
                    value = self._value(each, scope)
                    if bool(value) != is_and:
                        return value
                return value
            case ast.Compare(left=first, ops=operations, comparators=others):
                value = self._value(first, scope)
                for comparison, each in zip(operations, others, strict=True):
                    other = self._value(each, scope)
                    self._count(each, value, other)
                    if not _OPERATORS[type(comparison)](value, other):
                        return False
                    value = other
                return True
            case ast.IfExp(test=test, body=then, orelse=otherwise):
                return self._value(then if self._value(test, scope) else otherwise, scope)
            case ast.Subscript(value=holder, slice=index):
                return self._value(holder, scope)[self._value(index, scope)]
            case ast.Call(func=function, args=arguments, keywords=keywords):
                return self._called(node, function, arguments, keywords, scope)
            case _:
                raise UnreadableCode(node)

    def _binary(self, node: ast.expr, operation: ast.operator, left: Any, right: Any) -> Any:
        if isinstance(operation, ast.Pow):
            found = float(left) ** float(right)
            is_whole = isinstance(left, int) and isinstance(right, int) and abs(found) < _WHOLE_MAX and found % 1 == 0
            return int(found) if is_whole else found
        long = [each for each in (left, right) if isinstance(each, list | tuple | str)]
        if long and isinstance(operation, ast.Mult):
            times = right if long[0] is left else left
            if len(long[0]) * times > _LENGTH_MAX:
                raise UnreadableCode(node)
        elif isinstance(operation, ast.Mod) and long:
            raise UnreadableCode(node)
        found = _OPERATORS[type(operation)](left, right)
        if isinstance(found, int) and abs(found) > _WHOLE_MAX:
            return float(found)
        if isinstance(found, list | tuple | str):
            self._count(node, found)
            if len(found) > _LENGTH_MAX:
                raise UnreadableCode(node)
        return found

    def _called(  # noqa: PLR0911 a case for each kind
        self,
        node: ast.expr,
        function: ast.expr,
        arguments: Sequence[ast.expr],
        keywords: Sequence[ast.keyword],
        scope: dict[str, Any],
    ) -> Any:
        given = [self._value(each, scope) for each in arguments]
        named = {each.arg: self._value(each.value, scope) for each in keywords if each.arg is not None}
        match function:
            case ast.Name(id="range"):
                turns = range(*given)
                if len(turns) > _LENGTH_MAX:
                    raise UnreadableCode(node)
                return turns
            case ast.Name(id=name) if name in _FUNCTIONS:
                self._count(node, *given)
                return _FUNCTIONS[name](*given, **named)
            case ast.Attribute(value=ast.Name(id="math"), attr=name) if name in _MATH:
                return getattr(math, name)(*given)
            case ast.Attribute(value=ast.Name(id="self"), attr=name) if name in self._known:
                return self._known[name](*given)
            case ast.Attribute(value=ast.Name(id="self"), attr=name) if name in self._methods:
                return self.call(self._methods[name], given)
            case ast.Attribute(value=ast.Name(id="os") | ast.Attribute(attr="environ"), attr=name) if (
                name in _SETTINGS and len(given) == 2
            ):
                return given[1]  # a variable of the environment: its default
            case ast.Attribute(value=holder, attr=name) if name in _METHODS:
                found = self._value(holder, scope)
                if not isinstance(found, dict):
                    raise UnreadableCode(node)
                self._count(node, found)
                result = getattr(found, name)(*given)
                return result if name == "get" else list(result)
            case _:
                raise UnreadableCode(node)
