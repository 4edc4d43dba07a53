"""The classes of users of a locustfile: their tasks with their requests, weights and waits.

Source: Locust's documentation, "Writing a locustfile". A user repeats: it chooses a task by its weight, sends the
requests of the task, and waits. Calls are read in the order of the text: `self.client.get("/path")`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simulator.ingest.load.locust.evaluation import CodeEvaluation, UnreadableCode
from simulator.ingest.load.locust.tasks import (
    LocustCall,
    LocustTask,
    TaskReader,
    ancestry,
    assigned,
    is_abstract,
    is_kind,
)
from simulator.ingest.load.plan import UNKNOWN_TIME_S, LoadRequest, seconds_text

_USERS: Final = ("HttpUser", "FastHttpUser", "User", "HttpLocust")


@dataclass(frozen=True, slots=True)
class TaskWait:
    """The wait of a user after a task: its distribution as YAML, empty for none, and its mean in seconds.

    `is_pacing`: it is the time from the begin of a task to that of the next one.
    """

    text: str = ""
    mean_s: float = 0.0
    is_pacing: bool = False


@dataclass(slots=True)
class UserClass:
    """A class of users. `weight`: its share of the users; `fixed`: its number of users instead, 0 for none."""

    name: str
    weight: float = 1.0
    fixed: int = 0
    wait: TaskWait = field(default_factory=TaskWait)
    tasks: list[LocustTask] = field(default_factory=list)
    guessed: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def requests(self) -> tuple[tuple[LoadRequest, ...], str]:
        """Return the requests of a user, and the think time between two tasks.

        One task is a session. Several with one request each are a mix; others become a mix with the same number of
        each request and the same mean pause.
        """
        if len(self.tasks) == 1:
            *first, last = self.tasks[0].calls
            steps = [LoadRequest(call.method, call.path, self._think(call)) for call in first]
            return (*steps, LoadRequest(last.method, last.path)), self._think(last)
        total = sum(task.weight for task in self.tasks)
        mix: dict[tuple[str, str], float] = {}
        for task in self.tasks:
            for call in task.calls:
                key = call.method, call.path
                mix[key] = mix.get(key, 0.0) + task.weight / total
        requests = tuple(LoadRequest(*key, weight=weight) for key, weight in mix.items())
        if all(len(task.calls) == 1 and not task.calls[0].pause_s for task in self.tasks):
            return requests, self._think(self.tasks[0].calls[0])
        pauses_s = sum(
            task.weight / total * sum(call.pause_s + self._wait_s * call.ends_task for call in task.calls)
            for task in self.tasks
        )
        return requests, _text(pauses_s / self.calls)

    @property
    def calls(self) -> float:
        """The mean number of requests of a task."""
        total = sum(task.weight for task in self.tasks)
        return sum(task.weight * len(task.calls) for task in self.tasks) / total if total else 1.0

    @property
    def _wait_s(self) -> float:
        """The mean wait behind a task; of a pacing, with the guessed service time of its requests."""
        if not self.wait.is_pacing:
            return self.wait.mean_s
        ends = sum(task.weight * sum(call.ends_task for call in task.calls) for task in self.tasks)
        calls = sum(task.weight * len(task.calls) for task in self.tasks)
        return max(0.0, self.wait.mean_s - UNKNOWN_TIME_S * calls / ends)

    def _think(self, call: LocustCall) -> str:
        """Return the distribution of the pause behind a request; empty for none."""
        if not call.ends_task:
            return _text(call.pause_s)
        if self.wait.is_pacing or call.pause_s:
            return _text(call.pause_s + self._wait_s)
        return self.wait.text


def _text(seconds: float) -> str:
    return seconds_text(seconds) if seconds else ""


def user_classes(classes: Mapping[str, ast.ClassDef], names: Mapping[str, Any]) -> list[UserClass]:
    """Return the classes of users that Locust runs.

    Raises:
        UnreadableCode: if the wait or the weight of a class is only known when it runs.
    """
    found = []
    for name, given in classes.items():
        if is_kind(name, classes, _USERS) and not is_abstract(given, names):
            user = _user(given, classes, names)
            if user.tasks:
                found.append(user)
    return found


def _user(given: ast.ClassDef, classes: Mapping[str, ast.ClassDef], names: Mapping[str, Any]) -> UserClass:
    evaluation = CodeEvaluation(names)
    user = UserClass(given.name)
    attributes: dict[str, ast.expr] = {}
    for each in ancestry(given, classes):
        attributes = assigned(each) | attributes
        for statement in each.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == "wait_time":
                raise UnreadableCode(statement)
    if "weight" in attributes:
        user.weight = float(evaluation.value(attributes["weight"]))
    if "fixed_count" in attributes:
        user.fixed = int(evaluation.value(attributes["fixed_count"]))
    if "wait_time" in attributes:
        user.wait = _wait(attributes["wait_time"], evaluation)
    if user.wait.is_pacing:
        user.guessed.append(f"{user.name}: a pacing as a pause, with the guessed service time")
    reader = TaskReader(user.name, classes, names, user.guessed, user.dropped)
    for each in ancestry(given, classes):
        user.tasks += reader.of_class(each, 1.0)
    if len(user.tasks) > 1 and any(len(task.calls) != 1 for task in user.tasks):
        user.guessed.append(f"{user.name}: its tasks as a mix of their requests, with the mean pause")
    return user


def _wait(node: ast.expr, evaluation: CodeEvaluation) -> TaskWait:
    match node:
        case ast.Call(func=function, args=arguments):
            values = [float(evaluation.value(each)) for each in arguments]
            match ast.unparse(function).rpartition(".")[2], values:
                case "between", [low_s, high_s] if 0 <= low_s <= high_s:
                    text = f"{{uniform: {{low: {seconds_text(low_s)}, high: {seconds_text(high_s)}}}}}"
                    return TaskWait(text if high_s > low_s else _text(low_s), (low_s + high_s) / 2)
                case "constant", [seconds] if seconds >= 0:
                    return TaskWait(_text(seconds), seconds)
                case "constant_pacing", [seconds] if seconds >= 0:
                    return TaskWait(mean_s=seconds, is_pacing=True)
                case "constant_throughput", [rate_rps] if rate_rps > 0:
                    return TaskWait(mean_s=1 / rate_rps, is_pacing=True)
                case _:
                    raise UnreadableCode(node)
        case _:
            raise UnreadableCode(node)
