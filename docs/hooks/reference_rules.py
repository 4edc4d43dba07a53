"""Pages of policies, platforms and settings: each constant with its reason, which is its comment in the code."""

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
A policy is chosen with `policy: NAME` or `policy: {name: NAME, window: 30s}` in a scenario, or with the option
`--policy NAME` of a command. In a file, a parameter that ends in `_s` is a duration without that ending: `window_s` is
`window: 60s`.
"""
_ABOUT_SETTINGS: Final = """\
Settings of the platform, with the default of each and the evidence for it. In scenario files their keys are those of
the [scenario schema](scenario.md), in `simulator serve` those of [its configuration](serve.md).
"""


def policies_page() -> str:
    """Return the page of all policies: summary, method, parameters with their sources."""
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
    """Return the page of all platform presets and their price lists."""
    parts = ["# Platforms and prices\n", f"{_prose(inspect.getdoc(sys.modules[PlatformPreset.__module__]) or '')}"]
    for preset in PLATFORMS.values():
        parts += [
            f"## {preset.name}\n",
            f"{cell(preset.summary)}\n",
            f"Ground truth: {_ground_truth(preset.name)}.\n",
            table(["key", "value"], _rows(preset, {"name", "summary", "sizes", *_replaced_in(preset)})),
            *_sizes(preset),
        ]
    return "\n".join(parts)


def _sizes(preset: PlatformPreset) -> list[str]:
    """Return the sizes that the platform offers, by rule, and the effect on a service of another size."""
    offer = preset.sizes
    if not offer.rules:
        return ["Instances may have any size.\n"]
    parts = [f"Sizes of instances ({offer.source}):\n", *(f"- {cell(str(rule))}" for rule in offer.rules), ""]
    if preset.throttling is not None:
        parts.append(f"A fraction of a vCPU is {preset.throttling}, unless the scenario has its own `cpu_quota`.\n")
    return parts


def _replaced_in(preset: PlatformPreset) -> frozenset[str]:
    """Return the fields of a preset that its load balancer replaces."""
    replaced = {"overflow", "balancing", "probe_interval_s"}
    return frozenset(replaced if preset.load_balancer is not None else ())


def _ground_truth(platform: str) -> str:
    """Name the cases of `simulator validate` that compare the platform with measurements of it."""
    cases = PLATFORM_CASES[platform]
    if not cases:
        return "none; no published measurement is known that `simulator validate` could compare"
    return f"case{'s' * (len(cases) > 1)} {', '.join(cases)} of [Validation](validation.md)"


def _rows(value: Any, left_out: set[str]) -> list[list[str]]:
    """Return the fields that differ from empty and zero, including those of the price list, as rows of a table."""
    rows: list[list[str]] = []
    for field in source_fields(type(value)):
        content = getattr(value, field.name)
        if field.name in left_out or field.name.isupper() or content in (None, {}, 0.0):
            continue
        if field.name == "sizes":
            continue  # of a price list: the sizes of the platform, with their prices
        if field.name == "prices":
            rows += [[f"prices: {row[0]}", row[1]] for row in _rows(content, set())]
        elif field.name in {"load_balancer", "health_check"}:
            rows += [[f"{field.name}: {row[0]}", row[1]] for row in _rows(content, set())]
        elif field.name in {"balancer", "free"}:
            # Neither a capacity price nor addresses: the platform has no load balancer that is billed.
            paid = field.name == "free" or content.usd_lcu_hour or content.addresses
            rows += [[f"{field.name}: {row[0]}", row[1]] for row in _rows(content, set())] if paid else []
        else:
            rows.append([code(field.name), cell(str(dict(content)) if field.name == "parameters" else str(content))])
    return rows


def settings_page() -> str:
    """Return the page of the settings of pools, scaling and deployments, with their defaults."""
    parts = ["# Settings\n", _ABOUT_SETTINGS]
    for owner in SETTINGS:
        about = (inspect.getdoc(owner) or "").partition("\n\n")[0]
        parts += [f"## {owner.__name__}\n", f"`{owner.__module__}`: {cell(about)}\n", _fields(owner)]
    return "\n".join(parts)


def _fields(owner: type) -> str:
    rows = [[code(f.name), code(f.kind), code(f.default), cell(f.comment)] for f in source_fields(owner)]
    return table(["name", "type", "default", "why"], rows) if rows else ""


def _prose(docstring: str) -> str:
    """Return a docstring as Markdown: `<` and `[` are escaped, indented blocks become code."""
    return docstring.replace("<", "&lt;").replace("[", "\\[") + "\n"
