"""A curve in one line of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

BLOCKS: Final = "▁▂▃▄▅▆▇█"
# Levels for terminals that cannot show block characters.
PLAIN: Final = "_.:-=+*#"


def sparkline(values: Sequence[float], width: int, highest: float, levels: str = BLOCKS) -> str:
    """Draw `values` in at most `width` >= 1 characters, where `highest` is the top level.

    Values that share a character show the highest of them, so that no peak is lost. Zero is a blank, and every value
    above zero is visible.
    """
    if not values:
        return ""
    return "".join(_mark(value, highest, levels) for value in _squeezed(values, width))


def _squeezed(values: Sequence[float], width: int) -> list[float]:
    if len(values) <= width:
        return list(values)
    starts = np.arange(width) * len(values) // width
    squeezed: list[float] = np.maximum.reduceat(np.asarray(values, dtype=np.float64), starts).tolist()
    return squeezed


def _mark(value: float, highest: float, levels: str) -> str:
    if value <= 0:
        return " "
    return levels[min(len(levels) - 1, int(value / highest * len(levels)))]
