"""Each platform has a module with its preset and all its price lists."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from simulator.rules import platforms
from simulator.rules.platforms.billing import PriceList
from simulator.rules.platforms.preset import PlatformPreset
from simulator.rules.platforms.presets import PLATFORMS, platform_named


def test_every_module_with_a_preset_is_in_the_table() -> None:
    presets = []
    folder = Path(platforms.__file__).parent
    for path in folder.rglob("*.py"):
        inside = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        module = import_module(f"{platforms.__name__}.{inside}")
        preset = getattr(module, "PRESET", None)
        if preset is None:
            continue
        presets.append(preset)
        assert path.stem.strip("_") == preset.name.replace("-", "_")
        lists = {id(value) for value in vars(module).values() if isinstance(value, PriceList)}
        assert lists == {id(preset.prices), *map(id, preset.billings.values())}
    assert sorted(each.name for each in presets) == sorted(PLATFORMS)


def test_a_platform_is_found_by_its_name() -> None:
    preset: PlatformPreset = platform_named("cloud-run")
    assert list(preset.billings) == ["request-based", "instance-based"]
    with pytest.raises(ValueError, match=r"platform = 'cloudrun', must be .*cloud-run"):
        platform_named("cloudrun")
