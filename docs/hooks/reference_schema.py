"""Pages of the keys of a file, generated from its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from page_parts import anchor, cell, code, table

Schema = Mapping[str, Any]

_POLICIES = "see [policies](policies.md)"


def schema_page(title: str, about: str, schema: Schema, root: str, left_out: tuple[str, ...] = ()) -> str:
    """Return a page with a section for the file and one for each object type in it.

    `left_out`: endings of the names of types that another page describes.
    """
    parts = [f"# {title}\n", f"{about}\n", f"## {root}\n", _section(schema)]
    for name, section in sorted(schema.get("$defs", {}).items(), key=lambda item: _title(item[0])):
        if not name.endswith(left_out or ("\0",)):
            parts += [f"## {_title(name)}\n", _section(section)]
    return "\n".join(parts)


def _title(name: str) -> str:
    """Return the name of a section: the class name without `Spec` or `Part`."""
    return name.removesuffix("Spec").removesuffix("Part")


def _section(section: Schema) -> str:
    about = cell(section.get("description", ""))
    if "enum" in section:
        return f"{about}\n\nOne of {', '.join(map(_plain, section['enum']))}.\n"
    required = set(section.get("required", ()))
    rows = [
        [code(key), _kind(value), _default(value, is_required=key in required), cell(value.get("description", ""))]
        for key, value in section.get("properties", {}).items()
    ]
    if not rows:
        return f"{about}\n\n{_kind(section)}\n"
    return f"{about}\n\n{table(['key', 'value', 'default', ''], rows)}"


def _default(value: Schema, *, is_required: bool) -> str:
    if is_required:
        return "required"
    default = value.get("default")
    return "" if default is None or isinstance(default, dict | list) else _plain(default)


def _plain(value: Any) -> str:
    return code(value if isinstance(value, str) else json.dumps(value))


def _kind(value: Schema) -> str:
    """Describe the values that the schema allows."""
    if "$ref" in value:
        name = _title(value["$ref"].rpartition("/")[2])
        return _POLICIES if name.endswith("Policy") else f"[{name}](#{anchor(name)})"
    for choice in ("anyOf", "oneOf"):
        if choice in value:
            return f"such as {_examples(value)}" if "examples" in value else _either(value[choice])
    if "const" in value or "enum" in value:
        return " or ".join(_plain(item) for item in value.get("enum", [value.get("const")]))
    return _collection(value) if value.get("type") in {"array", "object"} else _scalar(value)


def _collection(value: Schema) -> str:
    if value["type"] == "array":
        return f"list of {_kind(value.get('items', {}))}"
    inner = [*value.get("patternProperties", {}).values(), value.get("additionalProperties")]
    named = next((item for item in inner if isinstance(item, dict)), None)
    return f"names, each with {_kind(named)}" if named else "a section"


def _either(options: list[Schema]) -> str:
    return " or ".join(dict.fromkeys(_kind(option) for option in options))


def _examples(value: Schema) -> str:
    return ", ".join(_plain(example) for example in value["examples"])


def _scalar(value: Schema) -> str:
    kind = str(value.get("type", "any value"))
    if "pattern" in value:
        return f"such as {_examples(value)}" if "examples" in value else kind
    bounds = [
        f"{word} {value[key]}"
        for key, word in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "below"),
        )
        if key in value
    ]
    return f"{kind}, {', '.join(bounds)}" if bounds else kind
