"""A user's prices for a comparison of platforms: a YAML file with each platform's differences from the shipped list.

lambda: {gb_hour: 0.054} knative: {nodes: 3, node: {name: our-server, vcpu: 16, memory_gb: 64, usd_hour: 0.4}}
cloud-run: {billing: instance-based} ecs-express: {balancer: {addresses: 3, requests_per_connection: 20}}
container-apps: {min_size: 1, free: {requests: 0}} fly: {sizes: {performance-1x: 0.05}}
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, RootModel, ValidationError

from simulator.model.text.document import parse_document
from simulator.model.text.problems import FileProblems, did_you_mean, one_of
from simulator.rules.platforms.billing import Metering, Node, PriceList
from simulator.rules.platforms.presets import platform_named

_STRICT: Final = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class _NodeFields(BaseModel):
    model_config = _STRICT

    name: str = "node"
    vcpu: float
    memory_gb: float
    usd_hour: float


class _BalancerFields(BaseModel):
    """Fields of `LoadBalancer` in a price file; an omitted field keeps the shipped value."""

    model_config = _STRICT

    usd_lcu_hour: float | None = None
    addresses: int | None = None
    requests_per_connection: float | None = None
    request_kb: float | None = None


class _FreeTierFields(BaseModel):
    model_config = _STRICT

    vcpu_s: float | None = None
    gb_s: float | None = None
    requests: float | None = None


class _PriceFields(BaseModel):
    """Fields of a `PriceList` that a user can set. What is metered depends on the platform and its `billing`."""

    model_config = _STRICT

    billing: str | None = None
    region: str | None = None
    as_of: str | None = None
    source: str | None = None
    vcpu_hour: float | None = None
    gb_hour: float | None = None
    idle_vcpu_hour: float | None = None
    idle_gb_hour: float | None = None
    million_requests: float | None = None
    fixed_hour: float | None = None
    balancer: _BalancerFields | None = None
    address_hour: float | None = None
    instance_addresses: int | None = None
    step_s: float | None = None
    least_s: float | None = None
    free: _FreeTierFields | None = None
    min_size: int | None = None
    nodes: int | None = None
    node: _NodeFields | None = None
    sizes: dict[str, float] | None = None
    stopped_hour: float | None = None


class _File(RootModel[dict[str, _PriceFields]]):
    """The content of a price file, by platform."""


def read_prices(file: Path) -> dict[str, PriceList]:
    """Return the price lists in the file, by platform.

    Raises:
        ValueError: if the file cannot be read or is invalid; the message names the file and the place.
    """
    try:
        given = _File.model_validate(parse_document(file.read_text(encoding="utf-8"), str(file)).data).root
        return {name: _changed(name, prices, file) for name, prices in given.items()}
    except OSError as error:
        msg = f"prices = {str(file)!r}, must be a file that can be read: {error.strerror}"
        raise ValueError(msg) from error
    except FileProblems as error:
        msg = f"prices = {str(file)!r}, must be YAML of one mapping: {error}"
        raise ValueError(msg) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        must = first["msg"]
        if first["type"] == "extra_forbidden":
            known = sorted({*_PriceFields.model_fields, *_BalancerFields.model_fields, *_FreeTierFields.model_fields})
            must = f"no such price{did_you_mean(first['loc'][-1], known)}"
        msg = f"prices = {str(file)!r}: {place} = {first['input']!r}, must be valid: {must}"
        raise ValueError(msg) from error


def _changed(name: str, given: _PriceFields, file: Path) -> PriceList:
    prices = _billed(name, given, file)
    changes: dict[str, Any] = given.model_dump(exclude_none=True, exclude={"billing", "balancer", "free", "sizes"})
    if given.node is not None:
        changes["node"] = Node(**given.node.model_dump())
    if given.balancer is not None:
        changes["balancer"] = prices.balancer._replace(**given.balancer.model_dump(exclude_none=True))
    if given.free is not None:
        changes["free"] = prices.free._replace(**given.free.model_dump(exclude_none=True))
    if given.sizes is not None:
        try:
            changes["sizes"] = prices.sizes.with_prices(given.sizes)
        except ValueError as error:
            msg = f"prices = {str(file)!r}: {name}.{error}"
            raise ValueError(msg) from error
    if given.min_size and prices.idle_vcpu_hour is None and prices.metering is Metering.BUSY:
        msg = f"prices = {str(file)!r}: {name}.min_size = {given.min_size}, must be 0: idle ones have no known rate"
        raise ValueError(msg)
    if not changes:
        return prices
    own = {"as_of": "as given", "source": file.name} if set(changes) - {"min_size"} else {}
    return dataclasses.replace(prices, **(own | changes))


def _billed(name: str, given: _PriceFields, file: Path) -> PriceList:
    """Return the price list of the platform's billing mode that the file selects."""
    platform = platform_named(name)
    if given.billing is None:
        return platform.prices
    known = platform.billings
    if given.billing not in known:
        must = f"must be {one_of(given.billing, known)}" if known else "must be left out: there is only one"
        msg = f"prices = {str(file)!r}: {name}.billing = {given.billing!r}, {must}"
        raise ValueError(msg)
    return known[given.billing]
