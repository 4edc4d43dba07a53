"""Pages about policies, platforms and settings: each constant with the reason that stands beside it in the code."""

from __future__ import annotations

import inspect
import sys
from typing import Any, Final

from page_parts import cell, code, table
from simulator.control.operations.time_profile import TimeProfile
from simulator.fleet.pool.settings import PoolSettings
from simulator.model.health import HealthCheck
from simulator.model.resources.quotas import Quotas
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.rules.admission import Overflow
from simulator.rules.ejection import EjectionSettings
from simulator.rules.platforms.ground_truth import PLATFORM_CASES
from simulator.rules.platforms.preset import PlatformPreset
from simulator.rules.platforms.presets import PLATFORMS
from simulator.rules.policies.registry import POLICIES, PolicyKind
from source_fields import source_fields

SETTINGS: Final = (
    InstanceSize,
    AutoScalingConfiguration,
    HealthCheck,
    Overflow,
    PoolSettings,
    EjectionSettings,
    TimeProfile,
    Quotas,
)

_ABOUT_POLICIES: Final = """\
`policy: NAME` or `policy: {name: NAME, window: 30s}` in a scenario, `--policy NAME` of a verb. In a file a parameter
that ends in `_s` is a duration without that ending: `window_s` is `window: 60s`.
"""
_ABOUT_SETTINGS: Final = """\
What the platform can be told, with defaults and the evidence for each. Scenario files give the keys of the
[scenario schema](scenario.md); `simulator serve` those of [its configuration](serve.md).
"""


def policies_page() -> str:
    """Every policy: its summary, its theory, its parameters with their sources."""
    parts = [
        "# Policies\n",
        _ABOUT_POLICIES,
        table(["policy", ""], ([f"[{name}](#{name})", cell(kind.summary)] for name, kind in POLICIES.items())),
    ]
    for kind in POLICIES.values():
        parts += _policy(kind)
    return "\n".join(parts)


def _policy(kind: PolicyKind) -> list[str]:
    module = sys.modules[kind.parameters.__module__]
    parts = [f"## {kind.name}\n", f"{cell(kind.summary)}\n", _prose(inspect.getdoc(module) or "")]
    if fields := _fields(kind.parameters):
        parts.append(fields)
    if kind.scales_to_zero:
        parts.append("It scales to zero: `min_size: 0` is allowed.\n")
    return parts


def platforms_page() -> str:
    """Every platform preset and its price list."""
    parts = ["# Platforms and prices\n", f"{_prose(inspect.getdoc(sys.modules[PlatformPreset.__module__]) or '')}"]
    for preset in PLATFORMS.values():
        parts += [
            f"## {preset.name}\n",
            f"{cell(preset.summary)}\n",
            f"Ground truth: {_ground_truth(preset.name)}.\n",
            table(["key", "value"], _told(preset, {"name", "summary"})),
        ]
    return "\n".join(parts)


def _ground_truth(platform: str) -> str:
    """The cases of `simulator validate` that compare the platform with measurements of it."""
    cases = PLATFORM_CASES[platform]
    if not cases:
        return "none; no published measurement is known that `simulator validate` could compare"
    return f"case{'s' * (len(cases) > 1)} {', '.join(cases)} of [Validation](validation.md)"


def _told(value: Any, left_out: set[str]) -> list[list[str]]:
    """The fields of a value that say something, those of its price list included."""
    rows: list[list[str]] = []
    for field in source_fields(type(value)):
        held = getattr(value, field.name)
        if field.name in left_out or held in (None, {}, 0.0):
            continue
        if field.name == "prices":
            rows += [[f"prices: {row[0]}", row[1]] for row in _told(held, set())]
        elif field.name in {"balancer", "free"}:
            # A balancer without hours, capacity and addresses is none: what its requests would take is nothing.
            paid = field.name == "free" or held.usd_lcu_hour or held.addresses
            rows += [[f"{field.name}: {row[0]}", row[1]] for row in _told(held, set())] if paid else []
        else:
            rows.append([code(field.name), cell(str(dict(held)) if field.name == "parameters" else str(held))])
    return rows


def settings_page() -> str:
    """The settings that a pool, its scaling and its deployments have, with their defaults."""
    parts = ["# Settings\n", _ABOUT_SETTINGS]
    for owner in SETTINGS:
        about = (inspect.getdoc(owner) or "").partition("\n\n")[0]
        parts += [f"## {owner.__name__}\n", f"`{owner.__module__}`: {cell(about)}\n", _fields(owner)]
    return "\n".join(parts)


def _fields(owner: type) -> str:
    rows = [[code(f.name), code(f.kind), code(f.default), cell(f.comment)] for f in source_fields(owner)]
    return table(["name", "type", "default", "why"], rows) if rows else ""


def _prose(docstring: str) -> str:
    """A docstring as Markdown: paragraphs stay, indented blocks are code already, `*` and `<` mean themselves."""
    return docstring.replace("<", "&lt;").replace("[", "\\[") + "\n"
