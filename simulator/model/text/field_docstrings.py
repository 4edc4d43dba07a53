"""Models whose JSON Schema contains the docstring below each field as its description.

The source is parsed when a schema is generated. pydantic's `use_attribute_docstrings` parses it when the class is
created, which took a sixth of the CPU time of a short run.
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

    model_config = ConfigDict(defer_build=True)  # many are imported, but are used only as parts of others

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
    """Return the description of the definition that a reference refers to, which the reference need not repeat; or
    None.
    """
    try:
        return handler.resolve_ref_schema(schema).get("description")
    except LookupError:  # the definition is not generated yet
        return None


def _docstring(model: type, field: str) -> str | None:
    """Return the docstring of a field in the class that declares it last in the MRO order; None if it has
    none there.
    """
    declared = (_docstrings(kind.__module__).get(kind.__name__, {}) for kind in model.__mro__)
    return next((fields[field] for fields in declared if field in fields), None)


@functools.cache
def _docstrings(module: str) -> Mapping[str, Mapping[str, str | None]]:
    """Return the docstrings of fields in a module's source: class -> field -> docstring."""
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
