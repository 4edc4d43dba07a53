"""Passes a named tuple of arrays to compiled functions by reference: as one pointer to a copy of the tuple.

numba passes a tuple as its parts. An array is a structure of seven numbers, so a world of thirty arrays is two hundred
arguments of each call, in the code of each function. Passed by reference, a function is a fraction as long, which is
what numba and LLVM need their time for, and a call of it costs as little as one with a single argument.

The tuple does not change while compiled code runs (its arrays do), so each read of it is marked as invariant: LLVM
keeps an array's address although the kernel writes into other arrays in between.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import numba
from numba.core import cgutils, types, typing
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_getattr_generic,
    models,
    register_model,
    typeof_impl,
    unbox,
)

Kind = TypeVar("Kind", bound=type)

# The fields of an array; two others are for reference counts and Python objects: a kernel has none (compiled.py).
_NUMBERS: Final = ("nitems", "itemsize", "data")
_BY_DIMENSION: Final = ("shape", "strides")


class TupleReference(types.Type):
    """The type of a reference to a named tuple of type `fields`."""

    def __init__(self, fields: Any) -> None:
        self.fields = fields
        super().__init__(name=f"TupleReference({fields})")

    def type_of(self, name: str) -> Any:
        """Return the type of a field; that of a tuple within the tuple is a reference as well."""
        found = self.fields.types[self.index_of(name)]
        return TupleReference(found) if isinstance(found, types.NamedTuple) else found

    def index_of(self, name: str) -> int:
        index: int = self.fields.fields.index(name)
        return index


def by_reference(kind: Kind) -> Kind:
    """Let compiled functions that Python calls with a tuple of this class get a reference to it."""

    @typeof_impl.register(kind)
    def _(value: Any, _: Any) -> TupleReference:
        return TupleReference(types.NamedTuple([numba.typeof(part) for part in value], type(value)))

    return kind


@register_model(TupleReference)
class _ReferenceModel(models.PrimitiveModel):
    """A reference is a pointer."""

    def __init__(self, manager: Any, kind: TupleReference) -> None:
        super().__init__(manager, kind, manager.lookup(kind.fields).get_value_type().as_pointer())


@unbox(TupleReference)
def _copied(kind: TupleReference, value: Any, c: Any) -> NativeValue:
    """Copy a tuple of Python to the stack of the compiled function that Python calls."""
    parts = c.unbox(kind.fields, value)
    place = cgutils.alloca_once_value(c.builder, parts.value)
    return NativeValue(place, is_error=parts.is_error, cleanup=parts.cleanup)


@infer_getattr
class _FieldTypes(typing.templates.AttributeTemplate):
    """The types of the fields."""

    key = TupleReference

    def generic_resolve(self, kind: TupleReference, name: str) -> Any:  # type: ignore[override]
        return kind.type_of(name) if name in kind.fields.fields else None


@lower_getattr_generic(TupleReference)
def _read_field(context: Any, builder: Any, kind: TupleReference, pointer: Any, name: str) -> Any:
    """Write the code that reads a field."""
    place = cgutils.gep_inbounds(builder, pointer, 0, kind.index_of(name))
    part = kind.type_of(name)
    if isinstance(part, TupleReference):
        return place
    if not isinstance(part, types.Array):
        return _read(builder, place)
    model = context.data_model_manager.lookup(part)
    array = context.get_constant_undef(part)
    for field in _NUMBERS:
        index = model.get_field_position(field)
        array = builder.insert_value(array, _read(builder, cgutils.gep_inbounds(builder, place, 0, index)), index)
    for field in _BY_DIMENSION:
        index = model.get_field_position(field)
        places = [cgutils.gep_inbounds(builder, place, 0, index, axis) for axis in range(part.ndim)]
        read = cgutils.pack_array(builder, [_read(builder, number) for number in places])
        array = builder.insert_value(array, read, index)
    return array


def _read(builder: Any, place: Any) -> Any:
    """Write the code that reads the number at `place`, as invariant."""
    read = builder.load(place)
    read.set_metadata("invariant.load", builder.module.add_metadata([]))
    return read
