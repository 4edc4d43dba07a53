"""Small buffers for the differential tests, so that a short run fills and empties each of them many times.

With the sizes of the product, a second portion of any input is needed only after 65,536 requests, and a test of that
size would take seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from simulator.lab.compiled import play, state
from simulator.lab.compiled.input import inputs
from simulator.traffic.shapes import arrivals

ARRIVALS = 16
DRAWS = 2048  # of two portions: the rest of one is kept when the next is drawn
ROWS = 32
STANDING = 64


@contextmanager
def small_buffers() -> Iterator[None]:
    """Limit arrivals of both backends to portions of 16; the compiled backend has room for 32 rows."""
    sizes = [(module, "CHUNK_ARRIVALS", ARRIVALS) for module in (arrivals, inputs, play)]
    sizes += [(state, "DRAWS", DRAWS), (state, "ROWS", ROWS), (state, "STANDING", STANDING)]
    patches = [mock.patch.object(module, name, size) for module, name, size in sizes]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()
