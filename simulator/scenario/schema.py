"""The JSON Schema of scenario files, for editors. `python -m simulator.scenario.schema` prints it."""

from __future__ import annotations

import json
import sys
from typing import Any

from simulator.model.text.units import duration_text
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.base_model import DURATION_PATTERN, Section


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file, with descriptions of all keys."""
    return schema_for_editors(ScenarioSpec)


def schema_for_editors(root: type[Section]) -> dict[str, Any]:
    """Return the schema of a file whose top level is the section `root`."""
    schema = _for_editors(root.model_json_schema(by_alias=True, mode="validation"))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text() -> str:
    """Return the schema as stored in `scenarios/scenario.schema.json`."""
    return json.dumps(scenario_schema(), indent=1, ensure_ascii=False) + "\n"


def _for_editors(node: Any) -> Any:
    """Remove what pydantic adds for Python: titles, null for optional values, defaults in internal units."""
    if isinstance(node, list):
        return [_for_editors(item) for item in node]
    if not isinstance(node, dict):
        return node
    options = [option for option in node.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1 and "anyOf" in node:
        node = {key: value for key, value in node.items() if key != "anyOf"} | options[0]
    elif options:
        node = node | {"anyOf": options}
    kept = {key: value for key, value in node.items() if key not in {"title", "default"} or isinstance(value, dict)}
    cleaned = {key: _for_editors(value) for key, value in kept.items()}
    default = _default_in_file(node)
    return cleaned if default is None else cleaned | {"default": default}


def _default_in_file(node: dict[str, Any]) -> str | float | bool | None:
    """Return the default as a file would have it; None if there is none, or if the default is a whole section."""
    default = node.get("default")
    if not isinstance(default, str | int | float):
        return None
    is_duration = any(option.get("pattern") == DURATION_PATTERN for option in node.get("anyOf", []))
    return duration_text(default) if is_duration and not isinstance(default, str) else default


if __name__ == "__main__":
    sys.stdout.write(schema_text())
