"""Reads the text of an apprunner.yaml into values, or reports all its errors at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from simulator.builds.config.file import FILE_NAME, ConfigFile, ConfigPart
from simulator.builds.config.hints import belongs, expected_form, runtime_hint
from simulator.builds.runtimes import BY_FILE_NAME
from simulator.model.text.document import Document, Path, dotted, parse_document
from simulator.model.text.problems import FileProblems, Problem, nearest

_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "text",
    "model_type": "a mapping",
    "tuple_type": "a list",
    "string_too_short": "not empty",
    "too_short": "at least one command",
    "string_pattern_mismatch": "a version such as 3.11 or 22.17.0",
}


# Error types for a value with the wrong form: text, a list or a mapping was expected.
_FORM: Final = frozenset({"string_type", "model_type", "tuple_type"})


def read_config(text: str, file: str = FILE_NAME) -> ConfigFile:
    """Parse the file.

    Raises:
        FileProblems: with the first syntax error, otherwise with all problems in line order.
    """
    document = parse_document(text, file, such_as="version and runtime", as_written=True)
    problems = [] if "runtime" not in document.data else _of_runtime(document)
    try:
        config = ConfigFile.model_validate(_listed(document.data))
    except ValidationError as error:
        invalid = [_problem(given, document) for given in error.errors(include_url=False)]
        raise FileProblems([*problems, *invalid]) from error
    if problems:
        raise FileProblems(problems)
    return config


def _of_runtime(document: Document) -> list[Problem]:
    name = document.data["runtime"]
    if not isinstance(name, str) or name in BY_FILE_NAME:
        return []
    expected = runtime_hint(name) or f"one of {', '.join(BY_FILE_NAME)}"
    return [document.problem(("runtime",), expected, near="" if runtime_hint(name) else nearest(name, BY_FILE_NAME))]


def _listed(value: Any) -> Any:
    """Convert lists to tuples, which the frozen values have."""
    if isinstance(value, dict):
        return {key: _listed(each) for key, each in value.items()}
    return tuple(map(_listed, value)) if isinstance(value, list) else value


def _problem(details: ErrorDetails, document: Document) -> Problem:
    path, kind = tuple(details["loc"]), details["type"]
    if kind == "extra_forbidden":
        known, place = _keys_of(path[:-1]), belongs(path)
        near = nearest(path[-1], known)
        if place:
            return document.problem(path, place)
        return document.problem(path, f"a known key: {', '.join(known)}", near=near)
    if kind == "missing":
        return document.problem(path, "given")
    if kind == "value_error":
        return _of_ours(str(details["ctx"]["error"]), path, document)
    if kind in _FORM and expected_form(path):
        return document.problem(path, expected_form(path))
    return document.problem(path, _EXPECTED.get(kind, f"valid ({details['msg']})"))


def _of_ours(message: str, path: Path, document: Document) -> Problem:
    """Parse a validator's message `name = value, must be ...`, where `name` may be a path below `path`."""
    name, _, rest = message.partition(" = ")
    shown, _, expected = rest.partition(", must be ")
    below = (*path, *name.split("."))
    at = below if below in document.places else path
    line, column = document.place(at)
    return Problem(line, column, dotted(at), shown, expected, file=document.file)


def _keys_of(path: Path) -> list[str]:
    part: type[ConfigPart] = ConfigFile
    for key in path:
        if isinstance(key, str):
            fields = {field.alias: field for field in part.model_fields.values()}
            part = _part_in(fields[key].annotation) if key in fields else part
    return [str(field.alias) for field in part.model_fields.values()]


def _part_in(annotation: Any) -> type[ConfigPart]:
    if isinstance(annotation, type) and issubclass(annotation, ConfigPart):
        return annotation
    return next(_part_in(each) for each in get_args(annotation) if each is not Ellipsis)
