"""Numbers for names: functions of a dataset, routes of a service."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


class Names:
    """Numbers names in the order in which they appear."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, name: str) -> bool:
        return name in self._numbers

    @property
    def names(self) -> list[str]:
        """The names; the index of a name is its number."""
        return list(self._numbers)

    def number(self, name: str) -> int:
        """Return the number of a name, a new one for a new name."""
        return self._numbers.setdefault(name, len(self._numbers))

    def numbers(self, names: Iterable[str]) -> NDArray[np.int64]:
        """Return the numbers of consecutive names."""
        return np.array([self.number(name) for name in names], dtype=np.int64)
