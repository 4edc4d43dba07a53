"""The number of users of Locust over time: of a `LoadTestShape`, or of the options `--users` and `--spawn-rate`.

Source: Locust's documentation, "Custom load shapes", "Configuration". `tick` is called each second and returns users
and spawn rate, or None at the end. Users start in batches: the first at once, each of as many users as start in a
second, or one by one if fewer do.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from simulator.ingest.load.locust.evaluation import CodeEvaluation, UnreadableCode

# A day; `tick` of a shape without an end is called no longer.
TICKS_MAX: Final = 86_400


class Ticked(NamedTuple):
    """What a shape wants from a second of the test on."""

    users: int
    spawn_rate: float


class UserStage(NamedTuple):
    """A linear change of the number of users; without a length, a jump."""

    length_s: float
    users: int


class UserCurve(NamedTuple):
    """The number of users over time, and its end in seconds. `chooses_classes`: a shape starts some classes only."""

    stages: tuple[UserStage, ...]
    length_s: float
    chooses_classes: bool = False


def shape_curve(shape: Sequence[ast.ClassDef], names: Mapping[str, Any], constants: Mapping[str, Any]) -> UserCurve:
    """Return the users of a shape: its class, then its base classes of the file. `constants`: attributes of all.

    Raises:
        UnreadableCode: if `tick` does what only running it can tell, or has no end within a day.
    """
    bodies = [each for given in reversed(shape) for each in given.body]
    functions = {each.name: each for each in bodies if isinstance(each, ast.FunctionDef)}
    if "tick" not in functions:
        raise UnreadableCode(shape[0])
    run_time_s = 0.0
    chooses_classes = False
    dispatcher = _Dispatcher()
    known = {"get_run_time": lambda: run_time_s, "get_current_user_count": lambda: dispatcher.users}
    evaluation = CodeEvaluation(names, dict(constants), functions, known)
    if "__init__" in functions:
        evaluation.call(_without_super(functions["__init__"]))
    for second in range(TICKS_MAX):
        run_time_s = float(second)
        wanted = evaluation.call(functions["tick"])
        if wanted is None:
            return UserCurve(tuple(_stages(dispatcher.changes, second)), float(second), chooses_classes)
        dispatcher.tick(second, _ticked(functions["tick"], wanted))
        chooses_classes |= len(wanted) > 2 and bool(wanted[2])
    raise UnreadableCode(functions["tick"])


def option_curve(users: int, spawn_rate: float, length_s: float) -> UserCurve:
    """Return the users of a test without a shape."""
    dispatcher = _Dispatcher()
    for second in range(math.ceil(length_s)):
        dispatcher.tick(second, Ticked(users, spawn_rate))
        if dispatcher.users == users:
            break
    return UserCurve(tuple(_stages(dispatcher.changes, length_s)), length_s)


def _ticked(tick: ast.FunctionDef, wanted: Any) -> Ticked:
    """Return users and spawn rate; a third value, the classes of users, is not read."""
    if not isinstance(wanted, tuple | list) or len(wanted) < 2 or not all(_is_number(each) for each in wanted[:2]):
        raise UnreadableCode(tick)
    return Ticked(max(0, round(wanted[0])), float(wanted[1]))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _without_super(function: ast.FunctionDef) -> ast.FunctionDef:
    """Return `__init__` without the call of that of the base class."""
    body = [each for each in function.body if not ast.unparse(each).startswith("super()")]
    return ast.FunctionDef(
        function.name, function.args, body, [], lineno=function.lineno, col_offset=function.col_offset
    )


class _Batch(NamedTuple):
    """A change of the number of users, to `users`. `next_s`: when the next batch would follow."""

    at_s: float
    users: int
    next_s: float


class _Dispatcher:
    """Starts and stops users in batches."""

    def __init__(self) -> None:
        self.users = 0
        self.changes: list[_Batch] = []
        self._wanted = Ticked(0, 1.0)
        self._next_s = 0.0

    def tick(self, second: int, wanted: Ticked) -> None:
        """Take what the shape wants from a second on, and start the batches of that second."""
        if wanted != self._wanted:
            self._wanted, self._next_s = wanted, float(second)
        batch = max(1, math.floor(wanted.spawn_rate))
        while self.users != wanted.users and self._next_s < second + 1 and wanted.spawn_rate > 0:
            missing = wanted.users - self.users
            self.users += max(-batch, min(batch, missing))
            at_s, self._next_s = self._next_s, self._next_s + batch / wanted.spawn_rate
            self.changes.append(_Batch(at_s, self.users, self._next_s))


def _stages(changes: list[_Batch], end_s: float) -> Iterator[UserStage]:
    """Yield the changes as jumps and linear ramps: batches of one size that follow each other are a ramp."""
    at_s, users = 0.0, 0
    number = 0
    while number < len(changes):
        first = changes[number]
        if first.at_s > at_s:
            yield UserStage(first.at_s - at_s, users)
        yield UserStage(0.0, first.users)
        last = _ramp_end(changes, number, first.users - users)
        if last > number:
            yield UserStage(changes[last].at_s - first.at_s, changes[last].users)
        at_s, users = changes[last].at_s, changes[last].users
        number = last + 1
    if end_s > at_s:
        yield UserStage(end_s - at_s, users)


def _ramp_end(changes: list[_Batch], first: int, step: int) -> int:
    """Return the index of the last batch of the ramp that begins with a batch of `step` users.

    A smaller batch ends it.
    """
    last = first
    while last + 1 < len(changes):
        before, batch = changes[last], changes[last + 1]
        size = batch.users - before.users
        if batch.at_s != before.next_s or size * step < 0 or abs(size) > abs(step):
            break
        last += 1
        if size != step:
            break
    return last
