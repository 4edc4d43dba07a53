"""Random streams: one seed, and one independent stream per name.

A stream's numbers depend only on the seed and on its name, so an additional draw in one module does not change the
numbers of another. The name is hashed with BLAKE2b, which does not depend on `PYTHONHASHSEED`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


class RandomStreams:
    """The random streams of one run."""

    def __init__(self, seed: int) -> None:
        """Create the streams of `seed`, 0 to 2**128 - 1, which is the key of the hash."""
        assert 0 <= seed < 2**128, seed
        self.seed = seed

    def stream(self, *name: object) -> np.random.Generator:
        """Return a new generator for `name`, e.g. `stream("traffic", 0, "bin", 17)`. Generators with equal names give
        equal numbers.
        """
        import numpy as np  # noqa: PLC0415 `serve` needs identifiers, and without a service nothing random

        digest = hashlib.blake2b(_label(name), digest_size=16, key=self.seed.to_bytes(16, "big")).digest()
        return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))

    def identifier(self, *name: object, length: int = 32) -> str:
        """Return a reproducible identifier of `length` (1 to 128) lowercase hexadecimal digits, as App Runner's ids."""
        digest = hashlib.blake2b(_label(name), digest_size=64, key=self.seed.to_bytes(16, "big"))
        return digest.hexdigest()[:length]


def _label(name: tuple[object, ...]) -> bytes:
    """Encode a name unambiguously, which joining the parts would not: ("a/b",) and ("a", "b") are different names."""
    return ascii([str(part) for part in name]).encode()
