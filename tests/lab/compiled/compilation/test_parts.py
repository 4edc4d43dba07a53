"""Functions that only compiled code calls are compiled with the function that Python calls."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.lab.compiled.compiled import IS_PLAIN, entry, inlined, kernel


@kernel
def cube(number: float) -> float:
    return number * number * number


@inlined
def scaled(number: float) -> float:
    doubled: float = 2.0 * cube(number)
    return doubled


@entry
def sum_of_cubes(first: float, second: float) -> float:
    total: float = scaled(first) + cube(second)
    return total


@pytest.mark.skipif(IS_PLAIN, reason="nothing is compiled")
def test_parts_are_compiled_with_their_entry_point_and_inlined_only_on_request() -> None:
    assert sum_of_cubes(2.0, 3.0) == 43.0
    direct: Any = sum_of_cubes
    direct._first.recompile()  # a former run may have left it in the cache, without its parts
    (part,), (on_request,) = (_compiled(function) for function in (cube, scaled))
    # numba lets a function take over the options of the first one that calls it, which was inlined here.
    assert (part.fndesc.inline, on_request.fndesc.inline) == (False, True)
    # No machine code of its own: LLVM has optimised it within its entry point only.
    assert part.library.get_pointer_to_function(part.fndesc.llvm_func_name) == 0


def _compiled(function: Any) -> Any:
    return function.overloads.values()
