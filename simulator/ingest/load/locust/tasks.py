"""The tasks of a locustfile: their requests in the order of the text, their weights, and TaskSets.

Source: Locust's documentation, "Writing a locustfile", "Tasks". Calls of a client are read: `self.client.get("/path")`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from simulator.ingest.load.locust.evaluation import CodeEvaluation, UnreadableCode
from simulator.ingest.load.plan import path_of

_METHODS: Final = ("get", "post", "put", "patch", "delete", "head", "options")
# A loop of a task with more requests is no session that a person reads.
_TURNS_MAX: Final = 200
_FIELD: Final = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class LocustCall:
    """A request of a task, and the pause behind it in seconds. `ends_task`: the wait of its user follows too."""

    method: str
    path: str
    pause_s: float = 0.0
    ends_task: bool = False


@dataclass(frozen=True, slots=True)
class LocustTask:
    """A task, or the tasks of a SequentialTaskSet: its weight among those of the user, and its requests in order."""

    weight: float
    calls: tuple[LocustCall, ...]


def is_kind(name: str, classes: Mapping[str, ast.ClassDef], kinds: tuple[str, ...]) -> bool:
    """Return True if a class is derived from one of these classes of Locust, directly or not."""
    seen: set[str] = set()
    names = [name]
    while names:
        each = names.pop()
        if each in classes and each not in seen:
            seen.add(each)
            bases = [ast.unparse(base).rpartition(".")[2] for base in classes[each].bases]
            if any(base in kinds and base not in classes for base in bases):
                return True
            names += bases
    return False


def assignments(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that statements assign, and their expressions, in their order."""
    for statement in body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                yield name, value
            case _:
                pass


def assigned(given: ast.ClassDef) -> dict[str, ast.expr]:
    """Return the expressions of a class's attributes."""
    return dict(assignments(given.body))


def is_abstract(given: ast.ClassDef, names: Mapping[str, Any]) -> bool:
    """Return True if the class itself says so; a derived one is not."""
    value = assigned(given).get("abstract")
    return value is not None and bool(CodeEvaluation(names).value(value))


def ancestry(given: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> Iterator[ast.ClassDef]:
    """Yield a class and those of the file that it is derived from, the nearest first."""
    seen: set[str] = set()
    pending = [given]
    while pending:
        each = pending.pop(0)
        if each.name not in seen:
            seen.add(each.name)
            yield each
            pending += [classes[base] for base in map(ast.unparse, each.bases) if base in classes]


class TaskReader:
    """Reads the tasks of a class of users. `guessed`, `dropped`: lists to which it adds what it cannot read."""

    def __init__(
        self,
        user: str,
        classes: Mapping[str, ast.ClassDef],
        names: Mapping[str, Any],
        guessed: list[str],
        dropped: list[str],
    ) -> None:
        self._user = user
        self._guessed = guessed
        self._dropped = dropped
        self._classes = classes
        self._names = names
        self._evaluation = CodeEvaluation(names)
        self._senders = {
            each.name
            for given in classes.values()
            for each in given.body
            if isinstance(each, ast.FunctionDef) and any(map(_is_call, ast.walk(each)))
        }

    def of_class(self, given: ast.ClassDef, weight: float) -> list[LocustTask]:
        """Return the tasks of a class of users or a TaskSet, whose weights add up to `weight` in a TaskSet."""
        found: list[tuple[float, ast.FunctionDef | ast.ClassDef]] = []
        for statement in given.body:
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                share = self._task_weight(statement)
                if share is not None:
                    found.append((share, statement))
                elif isinstance(statement, ast.FunctionDef) and statement.name in {"on_start", "on_stop"}:
                    calls = self._calls(statement.body)
                    if calls:
                        self._dropped.append(f"{given.name}.{statement.name}: {len(calls)} requests of each user")
        listed = assigned(given).get("tasks")
        if listed is not None:
            found += self._listed(listed)
        if is_kind(given.name, {**self._classes, given.name: given}, ("SequentialTaskSet",)):
            calls = tuple(call for _, task in found for each in self._tasks(task, 1.0) for call in each.calls)
            return [LocustTask(weight, calls)] if calls else []
        return [task for share, each in found if share > 0 for task in self._tasks(each, share * weight)]

    def _task_weight(self, statement: ast.FunctionDef | ast.ClassDef) -> float | None:
        """Return the weight of a decorated task; None for another function or class."""
        for decorator in statement.decorator_list:
            match decorator:
                case ast.Call(func=function) if ast.unparse(function).rpartition(".")[2] == "task":
                    given = [*decorator.args, *(each.value for each in decorator.keywords)]  # `weight` is all it takes
                    return float(self._evaluation.value(given[0])) if given else 1.0
                case _ if ast.unparse(decorator).rpartition(".")[2] == "task":
                    return 1.0
        return None

    def _listed(self, listed: ast.expr) -> Iterator[tuple[float, ast.FunctionDef | ast.ClassDef]]:
        """Yield the tasks of the attribute `tasks`: a list, or a dict with weights."""
        pairs: list[tuple[ast.expr | None, float]]
        match listed:
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                pairs = [(part, 1.0) for part in parts]
            case ast.Dict(keys=keys, values=values):
                pairs = [(key, float(self._evaluation.value(value))) for key, value in zip(keys, values, strict=True)]
            case _:
                raise UnreadableCode(listed)
        for part, weight in pairs:
            name = "" if part is None else ast.unparse(part)
            task = self._names.get(name) if name not in self._classes else self._classes[name]
            if not isinstance(task, ast.FunctionDef | ast.ClassDef):
                raise UnreadableCode(listed if part is None else part)
            yield weight, task

    def _tasks(self, task: ast.FunctionDef | ast.ClassDef, weight: float) -> list[LocustTask]:
        if isinstance(task, ast.FunctionDef):
            calls = self._calls(task.body)
            if not calls:
                self._dropped.append(f"the task {task.name}: it has no request that can be read")
            return [LocustTask(weight, (*calls[:-1], replace(calls[-1], ends_task=True)))] if calls else []
        if not is_kind(task.name, {**self._classes, task.name: task}, ("SequentialTaskSet",)):
            self._guessed.append(f"{task.name}: its tasks in their shares; a user may leave it at any time")
        inner = self.of_class(task, 1.0)
        total = sum(each.weight for each in inner) or 1.0
        return [LocustTask(each.weight / total * weight, each.calls) for each in inner]

    # --- requests of a task ----------------------------------------------------------------------------------------

    def _calls(self, body: list[ast.stmt]) -> tuple[LocustCall, ...]:
        calls: list[LocustCall] = []
        for statement in body:
            self._read(statement, calls)
        return tuple(calls)

    def _read(self, node: ast.AST, calls: list[LocustCall]) -> None:
        """Add the requests in a part of a task, in the order of the text."""
        match node:
            case ast.For(iter=ast.Call(func=ast.Name(id="range")) as values, body=body):
                inner = self._calls(body)
                turns = self._turns(values) if inner else 0
                calls += inner * turns
                return
            case ast.Call(func=ast.Attribute(value=client, attr=method)) if _is_client(client):
                call = self._call(node, method)
                if call is not None:
                    calls.append(call)
            case ast.Call(func=function, args=[seconds]) if ast.unparse(function).endswith("sleep"):
                if calls:
                    calls[-1] = replace(calls[-1], pause_s=calls[-1].pause_s + self._pause(seconds))
                else:
                    self._dropped.append(f"a pause of {self._user}, line {node.lineno}: no request is before it")
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name)) if name in self._senders:
                self._dropped.append(f"{self._user}: the requests of self.{name}(), which a task calls")
            case ast.If() | ast.While() | ast.For() if any(map(_is_call, ast.walk(node))):
                self._guessed.append(f"{self._user}: requests in conditions and loops are sent once")
            case _:
                pass
        for child in ast.iter_child_nodes(node):
            self._read(child, calls)

    def _turns(self, values: ast.Call) -> int:
        try:
            turns = len(self._evaluation.value(values))
        except UnreadableCode:
            self._guessed.append(f"{self._user}: requests in conditions and loops are sent once")
            return 1
        if turns > _TURNS_MAX:
            raise UnreadableCode(values)
        return turns

    def _pause(self, seconds: ast.expr) -> float:
        try:
            return max(0.0, float(self._evaluation.value(seconds)))
        except UnreadableCode as error:
            self._dropped.append(f"a pause of {self._user}, line {error.line}: {error.text}")
            return 0.0

    def _call(self, node: ast.Call, method: str) -> LocustCall | None:
        arguments = list(node.args)
        if method == "request" and arguments:
            first = arguments.pop(0)
            method = str(first.value).lower() if isinstance(first, ast.Constant) else ""
        if method not in _METHODS:
            return None
        given = {each.arg: each.value for each in node.keywords}
        address = arguments[0] if arguments else given.get("url", given.get("path"))
        path = None if address is None else self._path(address)
        if path is None:
            self._dropped.append(f"a request of {self._user}, line {node.lineno}: its path is an expression")
            return None
        return LocustCall(method.upper(), path)

    def _path(self, node: ast.expr) -> str | None:
        """Return the path of an address, in which an expression is `{id}`; None if nothing of it is known."""
        text = self._text(node)
        return None if text is None else path_of(text)

    def _text(self, node: ast.expr) -> str | None:  # noqa: PLR0911 a case for each kind of text
        match node:
            case ast.Constant(value=str() as text):
                return text
            case ast.JoinedStr(values=parts):
                texts = [self._text(part) if isinstance(part, ast.Constant) else "{id}" for part in parts]
                return "".join(each or "" for each in texts)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                both = self._text(left), self._text(right)
                return None if both == (None, None) else "".join("{id}" if each is None else each for each in both)
            case ast.BinOp(left=ast.Constant(value=str() as text), op=ast.Mod()):
                return text.replace("%s", "{id}").replace("%d", "{id}").replace("%i", "{id}")
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as text), attr="format")):
                return _FIELD.sub("{id}", text)
            case _:
                try:
                    value = self._evaluation.value(node)
                except UnreadableCode:
                    return None
                return value if isinstance(value, str) else None


def _is_client(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "client"


def _is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_client(node.func.value)
