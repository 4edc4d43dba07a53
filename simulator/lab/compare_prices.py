"""Prices of one's own for a comparison of platforms: a YAML file, by platform, of what differs from the shipped list.

lambda: {gb_hour: 0.054}
knative: {nodes: 3, node: {name: our-server, vcpu: 16, memory_gb: 64, usd_hour: 0.4}}
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, RootModel, ValidationError

from simulator.rules.platforms import platform_named
from simulator.rules.platforms.billing import Node, PriceList


class _NodeTold(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = "node"
    vcpu: float
    memory_gb: float
    usd_hour: float


class _PricesTold(BaseModel):
    """The fields of a PriceList that can be told; what is metered is the platform's own."""

    model_config = ConfigDict(extra="forbid")

    region: str | None = None
    vcpu_hour: float | None = None
    gb_hour: float | None = None
    idle_gb_hour: float | None = None
    million_requests: float | None = None
    fixed_hour: float | None = None
    step_s: float | None = None
    least_s: float | None = None
    nodes: int | None = None
    node: _NodeTold | None = None


class _File(RootModel[dict[str, _PricesTold]]):
    """By platform."""


def read_prices(file: Path) -> dict[str, PriceList]:
    """The price list of each platform in the file.

    Raises:
        ValueError: with the file and the place, when it cannot be read or makes no sense.
    """
    try:
        told = _File.model_validate(yaml.safe_load(file.read_text(encoding="utf-8"))).root
        return {name: _changed(platform_named(name).prices, prices, file) for name, prices in told.items()}
    except OSError as error:
        msg = f"prices = {str(file)!r}, must be a file that can be read: {error.strerror}"
        raise ValueError(msg) from error
    except yaml.YAMLError as error:
        msg = f"prices = {str(file)!r}, must be YAML: {error}"
        raise ValueError(msg) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        msg = f"prices = {str(file)!r}: {place} = {first['input']!r}, must be valid: {first['msg']}"
        raise ValueError(msg) from error


def _changed(prices: PriceList, told: _PricesTold, file: Path) -> PriceList:
    changes: dict[str, Any] = told.model_dump(exclude_none=True)
    if told.node is not None:
        changes["node"] = Node(**told.node.model_dump())
    return dataclasses.replace(prices, **changes, as_of="as told", source=file.name)
