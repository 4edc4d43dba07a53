"""Parses the text of a template: JSON, or YAML with the short forms of functions (`!Ref`, `!GetAtt`)."""

from __future__ import annotations

import json
import math
from typing import Any, Final

import yaml

from simulator.rules.cloudformation.template_error import TemplateError

_WITHOUT_PREFIX: Final = frozenset({"Ref", "Condition"})  # `!X` of every other function stands for `Fn::X`
_INTEGER_MAX: Final = 2**63  # of what can be stored
# ASSUMPTION: AWS's limit is not published; real templates have below 30 levels. A deeper one on AWS would settle it.
_DEPTH_MAX: Final = 100
_DATE: Final = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """Reads YAML as CloudFormation does: dates remain strings, functions have short forms, aliases are not allowed."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, Any]]] = {  # noqa: RUF012 as the class that it is from
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _DATE]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise TemplateError("Template error: YAML aliases are not allowed in CloudFormation templates")
        return super().compose_node(parent, index)


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode), node
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = list(value.partition(".")[::2])
    return {suffix if suffix in _WITHOUT_PREFIX else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def parse_template(text: str) -> dict[str, Any]:
    """Return the template as a mapping in which functions have their long forms. Raises TemplateError."""
    try:
        content = _json(text) if text.lstrip().startswith("{") else _yaml(text)
    except RecursionError as error:
        raise TemplateError("Template format error: the template is nested too deep.") from error
    if not isinstance(content, dict):
        raise TemplateError("Template format error: unsupported structure.")
    _check_values(content)
    return content


def _check_values(content: Any) -> None:
    """Raise TemplateError for values that are not JSON on AWS, and for nesting that is too deep to be evaluated."""
    left = [(content, 0)]
    while left:
        value, depth = left.pop()
        if depth > _DEPTH_MAX:
            raise TemplateError("Template format error: the template is nested too deep.")
        if isinstance(value, dict):
            left += [(each, depth + 1) for pair in value.items() for each in pair]
        elif isinstance(value, list):
            left += [(each, depth + 1) for each in value]
        elif isinstance(value, str):
            if not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value):
                raise TemplateError("Template format error: a text is not valid Unicode.")
        elif isinstance(value, float) and not math.isfinite(value):
            raise TemplateError(f"Template format error: {value} is not a number of JSON.")
        elif isinstance(value, int) and not -_INTEGER_MAX <= value < _INTEGER_MAX:
            raise TemplateError(f"Template format error: {str(value)[:40]} is out of the range of integers.")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        place = f"(line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise TemplateError(f"Template format error: JSON not well-formed. {place}".rstrip()) from error


def _yaml(text: str) -> Any:
    try:
        loader = _Loader(text)
        try:
            return _with_text_keys(loader.get_single_data())
        finally:
            loader.dispose()
    except TemplateError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        raise TemplateError(f"Template format error: YAML not well-formed.{place}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise TemplateError("Template format error: YAML not well-formed.") from error


def _with_text_keys(value: Any) -> Any:
    """Convert keys such as 80 or true to strings, as in JSON."""
    if isinstance(value, dict):
        return {_key(key): _with_text_keys(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_text_keys(each) for each in value]
    return value


def _key(key: object) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)
