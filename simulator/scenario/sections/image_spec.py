"""The section `application.simulated.image`: the image that every instance pulls before it starts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, model_validator

from simulator.rules.image_pulls import ImageToPull, Placement
from simulator.scenario.sections.base_model import Bandwidth, Count, Duration, Section, Size

MACHINES_MAX: Final = 10_000


class ImageSpec(Section):
    """An image, and the machines that pull it for instances. A pull is no part of the start-up time."""

    layers: Mapping[Annotated[str, Field(min_length=1)], Size] = Field(min_length=1)
    """Compressed sizes of its layers by any name, in the order of the image. A layer that a version deployed later
    shares with this one has the same name there.
    """
    bandwidth: Bandwidth
    """Rate at which one machine downloads, such as 50 MB/s."""
    unpack: Bandwidth | None = None
    """Rate at which one machine unpacks compressed layers, while it downloads the next ones (default: no limit)."""
    # ASSUMPTION: App Runner runs on Fargate and places instances as Fargate does: each on a machine of its own without
    # a cache. The start-up times of a second scale-out with an image of some GB would settle it.
    placement: Placement = Placement.NEW
    """Machine of a new instance. new: one of its own without layers. spread: of `machines`, the one with the fewest
    instances. pack: the fullest one with fewer than `per_machine`, or a new one.
    """
    machines: Count | None = Field(default=None, ge=1, le=MACHINES_MAX)
    """Number of machines, with `placement: spread`."""
    per_machine: Count | None = Field(default=None, ge=1, le=MACHINES_MAX)
    """Most instances of a machine, with `placement: pack`."""
    keep_s: Duration | None = None
    """How long a machine keeps its layers after its last instance (default: for ever)."""

    @model_validator(mode="after")
    def _is_consistent(self) -> ImageSpec:
        needs = {Placement.SPREAD: "machines", Placement.PACK: "per_machine"}
        for placement, key in needs.items():
            given = getattr(self, key)
            if given is None and self.placement is placement:
                msg = f"{key} = none, must be given with placement: {placement}"
                raise ValueError(msg)
            if given is not None and self.placement is not placement:
                msg = f"{key} = {given}, must be left out, or placement be {placement}"
                raise ValueError(msg)
        if self.keep_s is not None and self.placement is Placement.NEW:
            msg = f"keep = {self.keep_s:g}s, must be left out, or placement be spread or pack"
            raise ValueError(msg)
        return self

    @property
    def image(self) -> ImageToPull:
        return ImageToPull(
            dict(self.layers),
            self.bandwidth,
            math.inf if self.unpack is None else self.unpack,
            self.placement,
            self.machines or 1,
            self.per_machine or 1,
            math.inf if self.keep_s is None else self.keep_s,
        )
