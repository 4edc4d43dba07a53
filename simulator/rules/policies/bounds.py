"""Clamps the result of every policy to MinSize and MaxSize."""

from __future__ import annotations

from simulator.model.scaling import AutoScalingConfiguration


def bounded(asked: int, scaling: AutoScalingConfiguration, clamps: tuple[str, ...] = ()) -> tuple[int, tuple[str, ...]]:
    """Clamp `asked` to [min_size, max_size]; return it with `clamps`, extended by the bound that changed it, if any."""
    if asked < scaling.min_size:
        return scaling.min_size, (*clamps, f"min_size = {scaling.min_size}")
    if asked > scaling.max_size:
        return scaling.max_size, (*clamps, f"max_size = {scaling.max_size}")
    return asked, clamps
