"""A scenario file with changed settings, in which everything else keeps its text: comments, order, quotes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from simulator.model.text.document import parse_document
from simulator.model.text.edited_yaml import with_values
from simulator.model.text.problems import FileProblems
from simulator.scenario.changes import Changes, changed

Keys = tuple[str, ...]


def edited_scenario(text: str, changes: Changes) -> str:
    """Return the text of a scenario file with `changes` made (scenario/changes.py).

    A mapping that a change replaces as a whole, such as a policy with other parameters, is written in one line.

    Raises:
        ScenarioError: if the text is no YAML.
        ValueError: if a change names a place that no scenario file can have, or one whose value is not written there,
            because it is an alias or merged by `<<`.
    """
    before = parse_document(text)
    after = changed(before, changes).data
    edited, data = text, before.data
    done: set[Keys] = set()
    while data != after:
        path, value = next(_differences(data, after, ()))
        if path in done:
            raise _unwritable(path)
        done.add(path)
        edited = with_values(edited, {path: _flow(value)})
        try:
            data = parse_document(edited).data  # with aliases, an edit may change other places too
        except FileProblems as error:
            raise _unwritable(path) from error
    return edited


def _unwritable(path: Keys) -> ValueError:
    return ValueError(f"{'.'.join(path)}, must be set by hand: the file writes it in a form that cannot be edited")


def _differences(before: Mapping[str, Any], after: Mapping[str, Any], at: Keys) -> Iterator[tuple[Keys, Any]]:
    """Yield the smallest parts of `after` that are not so in `before`, with their paths of keys."""
    for key, value in after.items():
        old = before.get(key)
        path = (*at, key)
        if key in before and old == value and type(old) is type(value):
            continue
        if isinstance(old, dict) and isinstance(value, dict) and old.keys() <= value.keys():
            yield from _differences(old, value, path)
        else:
            yield path, value


def _flow(value: Any) -> str:
    """Return a value as YAML in one line."""
    if isinstance(value, str):
        text = yaml.safe_dump(value, default_flow_style=True, width=2**20, allow_unicode=True)
        plain = text.removesuffix("\n").removesuffix("\n...")
        same = parse_document(f"value: [{plain}]").data["value"] == [value]
        return plain if same else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    return repr(value)
