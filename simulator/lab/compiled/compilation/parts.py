"""Compiles all functions that an entry point calls together with it, once.

numba optimises a function with copies of all functions that it calls, and theirs, and turns it into machine code,
before it compiles those that call it. In a kernel of 300 functions, a dozen calls deep, nearly all of that is thrown
away: only entry points are called. Here the library of a part has its code as numba has written it, and that of an
entry point links all parts, so that LLVM optimises each of them once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler


class _NoEnvironment:
    """In place of the code generator's part that tells machine code where its Python objects are: a part uses none."""

    def set_env(self, *_: Any) -> None:
        """Do nothing."""


class _PartLibrary(JITCodeLibrary):
    """The code of one function, which is linked into that of entry points."""

    @property
    def codegen(self) -> Any:
        return _NoEnvironment()

    def finalize(self) -> None:
        self._raise_if_finalized()
        self._finalized = True


class _EntryLibrary(JITCodeLibrary):
    """The code of an entry point with that of all its parts."""

    def finalize(self) -> None:
        self._linking_libraries[:] = dict.fromkeys(_with_parts(self._linking_libraries, set()))
        super().finalize()


def _with_parts(libraries: list[Any], seen: set[int]) -> Iterator[Any]:
    """Return the libraries and all that they need."""
    for library in libraries:
        if id(library) not in seen:
            seen.add(id(library))
            yield library
            if isinstance(library, _PartLibrary):
                yield from _with_parts(library._linking_libraries, seen)  # noqa: SLF001


class _Compiler(Compiler):
    """numba's compiler with another library."""

    library_class: type[JITCodeLibrary]

    def compile_extra(self, func: Callable[..., Any]) -> Any:
        self.state.library = self.library_class(self.state.targetctx.codegen(), func.__qualname__)
        self.state.library.enable_object_caching()
        return super().compile_extra(func)


class PartCompiler(_Compiler):
    """Compiles a function that only compiled code calls."""

    library_class = _PartLibrary


class EntryCompiler(_Compiler):
    """Compiles a function that Python calls."""

    library_class = _EntryLibrary
