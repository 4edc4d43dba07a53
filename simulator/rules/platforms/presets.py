"""The table of platforms: each has a module with its preset and its price lists, and a source and date for each rate.

Rates change; use `--prices` for current ones. Free tiers belong to an account: the bill of a month shows the amounts
that they cover on separate lines (billing.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from simulator.model.text.problems import one_of
from simulator.rules.platforms import app_runner, cloud_run, container_apps, ecs_express, knative, lambda_
from simulator.rules.platforms.preset import PlatformPreset

_MODULES: Final = (app_runner, ecs_express, cloud_run, lambda_, knative, container_apps)

PLATFORMS: Final[Mapping[str, PlatformPreset]] = MappingProxyType({each.PRESET.name: each.PRESET for each in _MODULES})


def platform_named(name: str) -> PlatformPreset:
    """Return the preset of that name.

    Raises:
        ValueError: if the name is unknown.
    """
    if name not in PLATFORMS:
        msg = f"platform = {name!r}, must be {one_of(name, PLATFORMS)}"
        raise ValueError(msg)
    return PLATFORMS[name]
