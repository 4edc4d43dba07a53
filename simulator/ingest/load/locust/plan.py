"""The load of a locustfile: a source for each class of users, over the time of its shape or of its options."""

from __future__ import annotations

import ast
import configparser
import math
import re
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulator.ingest.input_file import InputFile
from simulator.ingest.load.locust.evaluation import CodeEvaluation, UnreadableCode
from simulator.ingest.load.locust.shape import UserCurve, UserStage, option_curve, shape_curve
from simulator.ingest.load.locust.tasks import ancestry, assignments, is_abstract, is_kind
from simulator.ingest.load.locust.users import UserClass, user_classes
from simulator.ingest.load.plan import LoadPlan, LoadSource, seconds_text
from simulator.ingest.service_time import UNKNOWN_TIME
from simulator.model.text.units import parse_duration

_IMPORT: Final = re.compile(r"^\s*(?:from\s+locust\b|import\s+locust\b)", re.MULTILINE)
_SECTION: Final = "locust"
_OPTION: Final = re.compile(
    r"^\s*(?:--)?(users|spawn-rate|spawn_rate|run-time|run_time|locustfile)\s*[=:]", re.MULTILINE
)
_ENDLESS_S: Final = 600.0
_NUMBER: Final = re.compile(r"[0-9.]+")


@dataclass(frozen=True, slots=True)
class LocustOptions:
    """Options of Locust that its file does not have. None: not given."""

    users: int | None = None
    spawn_rate: float | None = None
    run_time_s: float | None = None

    @property
    def are_given(self) -> bool:
        return any(each is not None for each in (self.users, self.spawn_rate, self.run_time_s))

    def over(self, other: LocustOptions) -> LocustOptions:
        """Return these options, and those of `other` that are not among them."""
        return LocustOptions(
            other.users if self.users is None else self.users,
            other.spawn_rate if self.spawn_rate is None else self.spawn_rate,
            other.run_time_s if self.run_time_s is None else self.run_time_s,
        )


def is_locust(file: InputFile) -> bool:
    """Return True for a locustfile."""
    head = file.head.decode(errors="replace")
    return _IMPORT.search(head) is not None and ("User" in head or "LoadTestShape" in head)


def is_locust_options(file: InputFile) -> bool:
    """Return True for a file with options of Locust, such as locust.conf."""
    return (
        all(
            not line.strip() or line.lstrip().startswith(("#", ";", "[")) or "=" in line or ":" in line
            for line in file.first_lines
        )
        and _OPTION.search(file.head.decode(errors="replace")) is not None
    )


def locust_options(file: InputFile) -> LocustOptions:
    """Return the options in a file such as locust.conf.

    Raises:
        ScenarioError: if it cannot be read.
    """
    text = b"".join(file.parts()).decode(errors="replace")
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text if text.lstrip().startswith("[") else f"[{_SECTION}]\n{text}")
    except configparser.Error as error:
        raise file.problem(1, "file", error.message.splitlines()[0], "options such as `users = 10`") from error
    given = {
        key.lstrip("-").replace("_", "-"): (value or "").strip().strip('"')
        for each in parser.sections()
        for key, value in parser[each].items()
    }
    users, spawn_rate, run_time = given.get("users"), given.get("spawn-rate"), given.get("run-time")
    try:
        found = LocustOptions(
            None if users is None else int(users),
            None if spawn_rate is None else float(spawn_rate),
            None if run_time is None else run_time_s(run_time),
        )
    except ValueError as error:
        raise file.problem(1, "option", str(error), "a number, or a time such as 10m") from error
    for name, value in (("users", found.users), ("spawn-rate", found.spawn_rate), ("run-time", found.run_time_s)):
        if value is not None and not 0 < value < math.inf:
            raise file.problem(1, name, f"{value:g}", "a number above 0")
    return found


def run_time_s(text: str) -> float:
    """Return a run time of Locust, `300s`, `1h30m` or a number of seconds."""
    return float(text) if _NUMBER.fullmatch(text) else parse_duration(text)


def locust_plan(file: InputFile, options: LocustOptions) -> LoadPlan:
    """Return the load of a locustfile.

    Raises:
        ScenarioError: if it cannot be read, naming the line.
    """
    text = b"".join(file.parts()).decode(errors="replace")
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise file.problem(getattr(error, "lineno", 1) or 1, "file", str(error), "a file of Python 3") from error
    classes = {each.name: each for each in module.body if isinstance(each, ast.ClassDef)}
    names = _names(module)
    try:
        users = user_classes(classes, names)
        if not users:
            raise file.problem(1, "file", "no requests", "a class of users whose tasks call self.client.get(...)")
        shapes = [
            each
            for each in classes.values()
            if is_kind(each.name, classes, ("LoadTestShape",)) and not is_abstract(each, names)
        ]
        if len(shapes) > 1:
            raise file.problem(shapes[1].lineno, "file", "several load shapes", "one, as Locust needs it")
        curve = _curve(shapes, classes, names, options)
    except UnreadableCode as error:
        expected = "a constant, or code that computes with constants only: it is read, not executed"
        raise file.problem(error.line, "code", error.text.splitlines()[0], expected) from error
    except RecursionError as error:
        raise file.problem(1, "file", "expressions within expressions without end", "a file of Python 3") from error
    if not any(stage.users for stage in curve.stages):
        raise file.problem(1, "users", "none at any time", "at least one user")
    return _plan(users, curve, shapes, options)


def _plan(
    users: Sequence[UserClass], curve: UserCurve, shapes: Sequence[ast.ClassDef], options: LocustOptions
) -> LoadPlan:
    sources = []
    for each, stages in zip(users, _shared(users, curve.stages), strict=True):
        if any(stage.users for stage in stages):
            requests, think = each.requests()
            sources.append(LoadSource(each.name, _shape(stages, think), 0.0, curve.length_s, requests))
    guessed = [f"the service time, {UNKNOWN_TIME}: a locustfile does not have it"]
    if shapes:
        kept = [f"the users of {shapes[0].name} over {curve.length_s:g} s, computed from its code"]
        if curve.chooses_classes:
            guessed.append(f"{shapes[0].name}: users of all classes at all times; its tick chooses among them")
    else:
        kept = []
        missing = [
            name
            for name, value in (("--users 1", options.users), ("--spawn-rate 1", options.spawn_rate))
            if value is None
        ]
        if missing:
            guessed.append(f"{' and '.join(missing)}: the file has no load shape, and Locust's defaults are used")
        if options.run_time_s is None:
            guessed.append(f"--run-time: {curve.length_s:g} s of a load that runs until somebody stops it")
    if any(len(source.requests or ()) > 1 for source in sources):
        guessed.append("a session ends early after a request that fails; a task of Locust goes on")
    guessed.append("users wait for each answer, so their rate depends on the service time")
    return LoadPlan(
        title="a locustfile",
        sources=tuple(sources),
        length_s=curve.length_s,
        requests=tuple(dict.fromkeys(request for source in sources for request in source.requests or ())),
        kept=(*kept, *(f"{source.name}: {source.shape}" for source in sources)),
        guessed=tuple(dict.fromkeys([*guessed, *(text for each in users for text in each.guessed)])),
        dropped=tuple(
            dict.fromkeys(["bodies, headers, checks of responses", *(text for each in users for text in each.dropped)])
        ),
    )


def _curve(
    shapes: Sequence[ast.ClassDef],
    classes: Mapping[str, ast.ClassDef],
    names: Mapping[str, Any],
    options: LocustOptions,
) -> UserCurve:
    if shapes:
        (shape,) = shapes
        curve = shape_curve(tuple(ancestry(shape, classes)), names, _constants(shape, classes, names))
        if options.run_time_s is not None and options.run_time_s < curve.length_s:
            return curve._replace(length_s=options.run_time_s)
        return curve
    length_s = _ENDLESS_S if options.run_time_s is None else options.run_time_s
    return option_curve(options.users or 1, options.spawn_rate or 1.0, length_s)


def _names(module: ast.Module) -> dict[str, Any]:
    """Return the constants of a module that can be read, and its functions and classes."""
    code = {each.name: each for each in module.body if isinstance(each, ast.FunctionDef | ast.ClassDef)}
    return {**code, **_values(assignments(module.body), code)}


def _constants(given: ast.ClassDef, classes: Mapping[str, ast.ClassDef], names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a class that can be read, those of its base classes in the file included."""
    bodies = [each.body for each in ancestry(given, classes)]
    return _values((each for body in reversed(bodies) for each in assignments(body)), names)


def _values(given: Iterable[tuple[str, ast.expr]], names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of consecutive assignments that can be read. `names`: what else they may use."""
    found: dict[str, Any] = {}
    known = ChainMap(found, dict(names))
    for name, value in given:
        try:
            found[name] = CodeEvaluation(known).value(value)
        except UnreadableCode:
            found.pop(name, None)
    return found


def _shared(users: Sequence[UserClass], stages: Iterable[UserStage]) -> list[list[UserStage]]:
    """Return the stages of each class: users of a fixed number first, the rest by weight, in whole users."""
    weights = [0.0 if each.fixed else each.weight for each in users]
    total = sum(weights) or 1.0
    bounds = [sum(weights[: place + 1]) / total for place in range(len(weights))]
    shared: list[list[UserStage]] = [[] for _ in users]
    for stage in stages:
        rest, parts = stage.users, []
        for each in users:
            parts.append(min(rest, each.fixed))
            rest -= parts[-1]
        before = 0
        for place, bound in enumerate(bounds):
            upto = round(rest * bound)
            shared[place].append(UserStage(stage.length_s, parts[place] + upto - before))
            before = upto
    return shared


def _changes(stages: Iterable[UserStage]) -> list[UserStage]:
    """Return the stages without jumps to the same number, and times without a change as one."""
    found: list[UserStage] = []
    users, is_held = 0, False
    for stage in stages:
        holds = stage.users == users
        if holds and found and is_held:
            found[-1] = UserStage(found[-1].length_s + stage.length_s, users)
        elif stage.length_s or not holds:
            found.append(stage)
            is_held = holds
        users = stage.users
    return found


def _shape(stages: Sequence[UserStage], think: str) -> str:
    first, rest = 0, _changes(stages)
    if rest and rest[0].length_s == 0:
        first = rest.pop(0).users
    if rest and rest[-1].users == (rest[-2].users if len(rest) > 1 else first):
        rest.pop()  # after the last stage the number of users stays
    listed = ", ".join(f"{{duration: {seconds_text(stage.length_s)}, target: {stage.users}}}" for stage in rest)
    fields = [f"users: {first}", *([f"stages: [{listed}]"] if rest else []), "begin: request"]
    return f"closed: {{{', '.join([*fields, *([f'think_time: {think}'] if think else [])])}}}"
