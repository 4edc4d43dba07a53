"""Range checks of policy parameters with uniform messages: `name = value, must be ...`.

A field that ends in `_s` appears as in the scenario file: its name without the suffix, its value with the unit.
"""

from __future__ import annotations

from collections.abc import Sequence

from simulator.model.text.problems import one_of


def check_within(name: str, value: float, low: float, high: float) -> None:
    """Raise ValueError unless low <= value <= high (also for NaN)."""
    if not low <= value <= high:
        raise ValueError(_rejection(name, value, f"{_text(name, low)} to {_text(name, high)}"))


def check_above(name: str, value: float, low: float) -> None:
    """Raise ValueError unless value > low and finite."""
    if not low < value < float("inf"):
        raise ValueError(_rejection(name, value, f"above {_text(name, low)}"))


def check_whole_seconds(name: str, value: float, low: int, high: int) -> None:
    """Raise ValueError unless value is a whole number of seconds in [low, high]: windows count closed seconds."""
    if not (low <= value <= high and value == int(value)):
        raise ValueError(_rejection(name, value, f"whole seconds, {low}s to {high}s"))


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise ValueError unless value is one of the choices."""
    if value not in choices:
        msg = f"{name} = {value!r}, must be {one_of(value, choices)}"
        raise ValueError(msg)


def _rejection(name: str, value: float, expected: str) -> str:
    return f"{name.removesuffix('_s')} = {_text(name, value)}, must be {expected}"


def _text(name: str, value: float) -> str:
    return f"{value:g}s" if name.endswith("_s") else f"{value:g}"
