"""Converts pydantic's errors to problems of the file, with path and value, in the terms of the file.

Pydantic names fields by their position in its models; the file has lines. The two differ where a short form replaces a
long form (`cpu: 80ms` is `cpu: {constant: 80ms}`) and at the policy, where pydantic adds the name of the kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from simulator.rules.policies.registry import POLICIES
from simulator.scenario.document import Document, Path
from simulator.scenario.problems import Problem, nearest
from simulator.scenario.sections.base_model import Section, key_of
from simulator.scenario.validation.key_hints import meant_key

_EXPECTED: Final[Mapping[str, str]] = {
    "missing": "given",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "string_pattern_mismatch": "text of the form {pattern}",
    "too_short": "at least {min_length} long",
    "string_too_short": "at least {min_length} long",
    "string_too_long": "at most {max_length} long",
    "greater_than": "above {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "below {lt:g}",
    "less_than_equal": "at most {le:g}",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "union_tag_invalid": "{expected_tags}",
    "union_tag_not_found": "a mapping with a name",
}
# The form of messages of simulator.model: `name = value, must be ...`, and of its units: `x is not a duration; write
# ...`.
_NAMED: Final = re.compile(r"(?P<name>\w+) = (?P<found>.*?), must be (?P<expected>.*)", re.DOTALL)
_NOT_A: Final = re.compile(r"(?P<found>.*) is not (?P<what>an? \w+); write (?P<how>.*)", re.DOTALL)
_DURATION: Final = re.compile(r"[0-9.]+ *[a-z]+")

Explain = Callable[[ErrorDetails], Problem]


def explain(error: ValidationError, document: Document, root: type[Section]) -> list[Problem]:
    """Return one problem for each of pydantic's errors. `root` is the section of the whole file."""
    return [_problem(given, document, root) for given in error.errors(include_url=False) if not _is_echo(given)]


def _is_echo(details: ErrorDetails) -> bool:
    """Return True if the error only follows from another one.

    Pydantic counts valid items, so one invalid item makes a list "too short".
    """
    given = details["input"]
    return (
        details["type"] == "too_short"
        and isinstance(given, list | dict)
        and len(given) >= details.get("ctx", {}).get("min_length", 0)
    )


def _problem(details: ErrorDetails, document: Document, root: type[Section]) -> Problem:
    path = _path_in_file(details["loc"])
    kind = details["type"]
    if kind == "extra_forbidden":
        known = keys_known(root, path[:-1], document)
        expected = f"a known key: {', '.join(known)}"
        return document.problem(path, expected, near=meant_key(root, path, known, document))
    if kind == "missing":
        return document.problem(path, "given")
    path = _standing(path, document)
    if kind == "value_error":
        return value_problem(str(details["ctx"]["error"]), path, document)
    if kind == "union_tag_invalid":
        path = (*path, "name") if (*path, "name") in document.places else path
        return document.problem(path, f"one of {', '.join(POLICIES)}", near=nearest(document.found(path), POLICIES))
    context = details.get("ctx", {})
    template = _EXPECTED.get(kind)
    expected = template.format_map(context) if template else f"valid ({details['msg']})"
    found = document.found(path)
    if kind.startswith(("greater", "less")) and _DURATION.fullmatch(found):
        expected += "s"
    choices = re.findall(r"'([^']*)'", expected) if kind in {"literal_error", "enum"} else []
    return document.problem(path, expected.replace("'", ""), near=nearest(found, choices))


def value_problem(message: str, path: Path, document: Document) -> Problem:
    """Convert a ValueError of this project, whose message states the expectation, and often the key below `path`."""
    if match := _NAMED.fullmatch(message):
        expected, _, near = match["expected"].partition("; did you mean ")
        deeper = (*path, key_of(match["name"]))
        at_fault = deeper if deeper in document.places else path
        found = document.found(at_fault) if at_fault is deeper else match["found"].strip("'")
        return document.problem(at_fault, expected, found=found, near=near.strip("`?"))
    if match := _NOT_A.fullmatch(message):
        return document.problem(path, f"{match['what']}: {match['how']}", found=match["found"].strip("'"))
    return document.problem(path, f"valid ({message})")


def _path_in_file(loc: tuple[str | int, ...]) -> Path:
    """Return the location without the parts that pydantic adds: the policy's tag and the marker of a mapping's key."""
    cleaned = [
        part
        for position, part in enumerate(loc)
        if part != "[key]" and not (position and loc[position - 1] == "policy" and part in POLICIES)
    ]
    return tuple(cleaned)


def _standing(path: Path, document: Document) -> Path:
    """Return the longest prefix of `path` that exists in the file."""
    while path and path not in document.places:
        path = path[:-1]
    return path


def keys_known(root: type[Section], path: Path, document: Document) -> list[str]:
    """Return the keys of the section at `path`."""
    section: Any = root
    for position, part in enumerate(path):
        section = _inside(section, part)
        if isinstance(section, type) and issubclass(section, Section):
            section = section.kind_named(document.found((*path[: position + 1], "name")))
    if not (isinstance(section, type) and issubclass(section, Section)):
        return []
    return [field.alias or name for name, field in section.model_fields.items()]


def _inside(section: Any, part: str | int) -> Any:
    """Return the section or type of the value at `part` of `section`; None if it is unknown."""
    if isinstance(section, type) and issubclass(section, Section):
        for name, field in section.model_fields.items():
            if (field.alias or name) == part:
                return _annotation_text(field.annotation)
        return None
    arguments = get_args(section)
    if get_origin(section) is tuple and arguments:
        return _annotation_text(arguments[0])
    return _annotation_text(arguments[-1]) if len(arguments) == 2 else None


def _annotation_text(annotation: Any) -> Any:
    """Return X for `X | None` and for an X with validators, and other annotations unchanged."""
    if get_origin(annotation) is Annotated:
        return _annotation_text(get_args(annotation)[0])
    options = [option for option in get_args(annotation) if option is not type(None)]
    optional = type(None) in get_args(annotation)
    return options[0] if optional and options else annotation
