"""How kernel functions are compiled: no Python inside, and once on a machine, for the code is kept on its disk.

numba's own cache looks at the file of the function that is called and not at those it calls in turn. So the folder is
named after all of the backend's sources: what is found there was made from exactly this code.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar, cast

import numba


def _cache_folder() -> Path:
    """In the user's cache where it can be written, else in the folder for temporary files."""
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    name = f"gear-{digest.hexdigest()}"
    try:
        folder = Path.home() / ".cache" / "apprunner-simulator" / name
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # read-only, or nobody's home
        folder = Path(tempfile.gettempdir()) / f"apprunner-simulator-{name}"
    return folder


# numba's settings and options are known to it and not to its stubs.
_numba: Any = numba
_numba.config.CACHE_DIR = str(_cache_folder())

# IEEE arithmetic as the virtual loop has it: no fast-math, or sums would differ in their last digits.
# Nothing is allocated there, so nobody counts references (_nrt), which cost 5 us a request. What only the kernel
# calls is put where it is called (the world is twenty arrays, and to pass them costs more than most of these functions
# do: 1.3 to 3.3 million requests/s) and needs no way in for Python, which is a third of the compiler's work.
kernel: Final = _numba.njit(
    error_model="numpy", nogil=True, no_cpython_wrapper=True, forceinline=True, _nrt=False, no_cfunc_wrapper=True
)
_entry: Final = _numba.njit(error_model="numpy", nogil=True, cache=True, _nrt=False, no_cfunc_wrapper=True)
# Without the compiler (NUMBA_DISABLE_JIT=1), for a debugger and for tests: the same functions as plain Python.
IS_PLAIN: Final = bool(_numba.config.DISABLE_JIT)


P = ParamSpec("P")
R = TypeVar("R")


class _Direct:
    """Compiled code that is called with the same types every time, so numba looks at them in the first call only.

    To find out that twenty arrays are of the types of last time takes numba 12 us; the call takes 0.7 us without it.
    An array's type never changes, but a number may be whole in one run and have a fraction in the next: the compiled
    code would read it as the other kind. So Python's types are compared, and what differs goes through numba again.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._first = _entry(function)
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
    """What Python calls; every argument has one type for ever."""
    return function if IS_PLAIN else cast("Callable[P, R]", _Direct(function))
