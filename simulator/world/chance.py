"""Chance: one seed, one independent stream per name.

A stream's draws depend on the seed and on its own name only, so a new draw in one room does not shift another's. The
name is hashed with BLAKE2b, which no `PYTHONHASHSEED` touches.
"""

from __future__ import annotations

import hashlib

import numpy as np


class Chance:
    """The random streams of one run."""

    def __init__(self, seed: int) -> None:
        """`seed` from 0 to 2**128 - 1, the key of the hash."""
        assert 0 <= seed < 2**128, seed
        self.seed = seed

    def stream(self, *name: object) -> np.random.Generator:
        """A fresh generator for `name`, e.g. `stream("traffic", 0, "bin", 17)`; the same name gives the same draws."""
        digest = hashlib.blake2b(_label(name), digest_size=16, key=self.seed.to_bytes(16, "big")).digest()
        return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))

    def identifier(self, *name: object, length: int = 32) -> str:
        """A stable identifier of lowercase hexadecimal digits, as App Runner's ids look (1 to 128 digits)."""
        digest = hashlib.blake2b(_label(name), digest_size=64, key=self.seed.to_bytes(16, "big"))
        return digest.hexdigest()[:length]


def _label(name: tuple[object, ...]) -> bytes:
    """Unambiguous, which joining is not: ("a/b",) is another name than ("a", "b")."""
    return ascii([str(part) for part in name]).encode()
