"""The arrays of runs in which the kind of a request matters."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from simulator.lab.compiled import state

# A kind of request: seconds that its size adds to its work, the law of its work, and its number in the rows.
KIND: Final = np.dtype([("cpu_s", "f8"), ("io_s", "f8"), ("law", "u4"), ("number", "u4")], align=True)


class KindArrays(NamedTuple):
    """The arrays of runs in which the kind of a request matters. `cpu` and `io` have a row of draws for each law;
    `cursors` the next one, and the end. `arrivals` and `sent` are the kinds of the coming requests of each source, and
    of the one whose timer is set.
    """

    kinds: Any
    cpu: Any
    io: Any
    cursors: Any
    arrivals: Any
    sent: Any


def new_kinds(kinds: Any, laws: int, sources: int, chunk: int) -> KindArrays:
    """Return the arrays of these kinds, without draws and arrivals."""
    return KindArrays(
        kinds=state.with_attributes(kinds),
        cpu=np.zeros((laws, state.DRAWS)),
        io=np.zeros((laws, state.DRAWS)),
        cursors=np.zeros((laws, 2), np.int64),
        arrivals=np.zeros((sources, chunk), np.uint32),
        sent=np.zeros(sources, np.uint32),
    )
