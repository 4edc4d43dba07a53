"""Models whose JSON Schema has the docstring under each field as its description.

The source is read when a schema is asked for. pydantic's own `use_attribute_docstrings` reads it when the class is
made, which took a sixth of the CPU time of a short run.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class DescribedModel(BaseModel):
    """A model of this project; subclasses document their fields with docstrings."""

    model_config = ConfigDict(defer_build=True)  # many are imported, and only as parts of others

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the descriptions to the schema that pydantic generates; a description given in code has precedence."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, field in cls.model_fields.items():
            text = None if field.description is not None else _docstring(cls, name)
            key = field.alias if field.alias in properties else name
            if text is not None and _described(properties[key], handler) != text:
                properties[key]["description"] = text
        return schema


def _described(schema: JsonSchemaValue, handler: GetJsonSchemaHandler) -> str | None:
    """Return the description that the definition of a reference has, which the reference then need not repeat."""
    try:
        return handler.resolve_ref_schema(schema).get("description")
    except LookupError:  # the definition follows
        return None


def _docstring(model: type, field: str) -> str | None:
    """Return the docstring of a field where the field is declared last; None if it has none there."""
    declared = (_docstrings(kind.__module__).get(kind.__name__, {}) for kind in model.__mro__)
    return next((fields[field] for fields in declared if field in fields), None)


@functools.cache
def _docstrings(module: str) -> Mapping[str, Mapping[str, str | None]]:
    """Return class -> field -> docstring for the classes of a module, from its source."""
    if not module.startswith("simulator."):
        return {}
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: _of_class(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _of_class(node: ast.ClassDef) -> Mapping[str, str | None]:
    fields: dict[str, str | None] = {}
    for statement, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            fields[statement.target.id] = _text(after)
    return fields


def _text(statement: ast.stmt | None) -> str | None:
    match statement:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return inspect.cleandoc(text)
        case _:
            return None
