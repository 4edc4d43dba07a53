"""Compilation of kernel functions: without Python objects, and once per machine, because the code is cached on disk.

numba's own cache checks the source file of the called function, but not the files of the functions that it calls. So
the name of the cache folder contains a digest of all source files of the backend.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar, cast

import numba
from numba.extending import overload

from simulator.lab.compiled.compilation.cache_folders import cache_folder
from simulator.lab.compiled.compilation.parts import EntryCompiler, PartCompiler
from simulator.lab.compiled.compilation.reference import by_reference


def _digest() -> str:
    """Return a digest of all source files of the backend."""
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


P = ParamSpec("P")
R = TypeVar("R")
Kind = TypeVar("Kind", bound=type)

# numba's settings and options exist at run time but are missing from its type stubs.
_numba: Any = numba
_numba.config.CACHE_DIR = str(cache_folder(_digest()))

# IEEE arithmetic as in the virtual loop: no fast-math, or sums would differ in their last digits. Kernel functions
# allocate nothing, so reference counting (_nrt) is off: it takes 5 us per request. Those that only the kernel calls
# have no Python wrapper. `forceinline` is always given: a function that is compiled because another one calls it takes
# over the options that it has not set itself, and a kernel that is inlined as a whole takes minutes to compile.
_OPTIONS: Final[Any] = {"error_model": "numpy", "nogil": True, "_nrt": False, "no_cfunc_wrapper": True}
_PART: Final[Any] = {**_OPTIONS, "no_cpython_wrapper": True, "pipeline_class": PartCompiler, "forceinline": False}
kernel: Final = _numba.njit(**_PART)
# A kernel function on the way of each request that LLVM would call: inlined, requests are played 5 to 10 % faster.
inlined: Final = _numba.njit(**{**_PART, "forceinline": True})
_entry: Final = _numba.njit(**_OPTIONS, cache=True, pipeline_class=EntryCompiler)
# With NUMBA_DISABLE_JIT=1, for a debugger and for tests: the same functions as plain Python.
IS_PLAIN: Final = bool(_numba.config.DISABLE_JIT)


def _constant(value: bool | int, parameters: int) -> Callable[..., Any]:
    """Return a function of that many parameters with a constant result; numba supports no `*arguments` here."""
    match parameters:
        case 1:
            return lambda w: value  # noqa: ARG005
        case 2:
            return lambda w, b: value  # noqa: ARG005
        case 3:
            return lambda w, b, c: value  # noqa: ARG005
        case 4:
            return lambda w, b, c, d: value  # noqa: ARG005
        case 6:
            return lambda w, b, c, d, e, f: value  # noqa: ARG005
        case _:
            msg = f"a function of {parameters} parameters"
            raise NotImplementedError(msg)


def only_with_calls(default: bool | int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile a function of a world only into worlds with downstream resources; in others it is `default`.

    A world without them is of another type: its `down` is None. So most runs do not wait for code that they never call
    to be compiled, which takes longer than all the rest.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        parameters = len(inspect.signature(function).parameters)
        return _by_world("down", function, _constant(default, parameters), _PART)

    return cast("Callable[[Callable[P, R]], Callable[P, R]]", decorate)


def only_with_background(default: bool | int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile a function of a world only into worlds with background work; in others it is `default`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        parameters = len(inspect.signature(function).parameters)
        return _by_world("background", function, _constant(default, parameters), _PART)

    return cast("Callable[[Callable[P, R]], Callable[P, R]]", decorate)


def with_quota(function: Callable[P, R]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile the decorated function of a world only into worlds whose vCPUs are continuous, whose `quotas` is None.

    Worlds with a CPU quota get `function`, so that a run without one does not ask at each event whether it has one.
    """

    def decorate(plain: Callable[..., Any]) -> Callable[..., Any]:
        return _by_world("quotas", function, plain, _PART)

    return cast("Callable[[Callable[P, R]], Callable[P, R]]", decorate)


def with_kinds(function: Callable[P, R]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile the decorated function of a world only into worlds in which the kind of a request does not matter, whose
    `kinds` is None. Worlds in which it does get `function`.
    """

    def decorate(plain: Callable[..., Any]) -> Callable[..., Any]:
        return _by_world("kinds", function, plain, _PART)

    return cast("Callable[[Callable[P, R]], Callable[P, R]]", decorate)


def passed_by_reference(kind: Kind) -> Kind:
    """Let compiled functions get a tuple of this class by reference."""
    return kind if IS_PLAIN else by_reference(kind)


def _by_world(field: str, function: Callable[..., Any], otherwise: Callable[..., Any], options: Any) -> Any:
    """Return `function` for worlds that have the field, and `otherwise` for those in which it is None."""
    if IS_PLAIN:
        return lambda w, *arguments: (otherwise if getattr(w, field) is None else function)(w, *arguments)

    @functools.wraps(function)
    def chosen(*arguments: Any) -> Any:
        msg = f"{function.__name__} is called from compiled code only: {arguments}"
        raise AssertionError(msg)

    def choose(*kinds: Any) -> Callable[..., Any]:
        without = isinstance(kinds[0].type_of(field), _numba.types.NoneType)
        return otherwise if without else function

    overload(chosen, jit_options=options, strict=False)(choose)
    return chosen


class _Direct:
    """Calls a compiled function whose argument types never change, so that numba resolves them in the first call only.

    numba needs 12 us to check that twenty arrays have the types of the previous call; the call itself takes 0.7 us. An
    array's type never changes, but a number may be an integer in one run and a float in the next, which the compiled
    code would misread. So the Python types are compared, and a call with other types is dispatched by numba again.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._first: Any = _entry(function)
        self._code: Callable[..., Any] | None = None
        self._types: tuple[type, ...] = ()

    def __call__(self, *arguments: Any) -> Any:
        types = tuple(map(type, arguments))
        if self._code is None:
            result = self._first(*arguments)
            (compiled,) = self._first.overloads.values()
            self._code, self._types = compiled.entry_point, types
            return result
        return self._code(*arguments) if types == self._types else self._first(*arguments)


def entry(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that Python calls. The type of each argument must not change between calls."""
    return function if IS_PLAIN else cast("Callable[P, R]", _Direct(function))


def world_entry(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of a world that Python calls, one for each type of world. Those of its other arguments must
    stay the same.
    """
    if IS_PLAIN:
        return function
    forms: dict[tuple[bool, ...], _Direct] = {}

    def call(w: Any, *arguments: Any) -> Any:
        kind = w.down is None, w.quotas is None, w.kinds is None, w.background is None
        form = forms.get(kind)
        if form is None:
            form = forms[kind] = _Direct(function)
        return form(w, *arguments)

    return cast("Callable[P, R]", call)
