"""The table of platforms: each has a module with its preset and its price lists, and a source and date for each rate.

The module of a platform is imported when its preset is first used: a run without `--platform` needs at most one.
Rates change; use `--prices` for current ones. Free tiers belong to an account: the bill of a month shows the amounts
that they cover on separate lines (billing.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

from simulator.model.text.problems import one_of
from simulator.rules.platforms.preset import PlatformPreset

# Names of the platforms and of their modules.
_MODULES: Final = {
    "app-runner": "app_runner",
    "ecs-express": "ecs.ecs_express",
    "ecs-fargate": "ecs.ecs_fargate",
    "cloud-run": "cloud_run",
    "lambda": "lambda_",
    "lambda-managed": "lambda_managed",
    "knative": "knative",
    "container-apps": "container_apps",
    "fly": "fly",
    "heroku": "heroku",
}


class _Presets(Mapping[str, PlatformPreset]):
    """The presets by name, each from its module."""

    def __getitem__(self, name: str) -> PlatformPreset:
        preset: PlatformPreset = import_module(f"simulator.rules.platforms.{_MODULES[name]}").PRESET
        return preset

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


PLATFORMS: Final[Mapping[str, PlatformPreset]] = _Presets()


def platform_named(name: str) -> PlatformPreset:
    """Return the preset of that name.

    Raises:
        ValueError: if the name is unknown.
    """
    if name not in _MODULES:
        msg = f"platform = {name!r}, must be {one_of(name, _MODULES)}"
        raise ValueError(msg)
    return PLATFORMS[name]
