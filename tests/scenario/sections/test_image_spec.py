from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from simulator.rules.image_pulls import ImageToPull, Placement
from simulator.scenario.sections.image_spec import ImageSpec

LEAST = {"layers": {"app": "2 MB"}, "bandwidth": "1 MB/s"}


def test_what_is_left_out_has_a_default() -> None:
    image = ImageSpec.model_validate(LEAST).image
    assert image == ImageToPull({"app": 2 * 1024**2}, 1024.0**2)
    assert (image.unpack, image.placement, image.keep_s, image.cold_pull_s) == (math.inf, Placement.NEW, math.inf, 2.0)


def test_all_keys_are_read() -> None:
    more = {"unpack": "2 MB/s", "placement": "spread", "machines": 4, "keep": "1h"}
    image = ImageSpec.model_validate(LEAST | more).image
    assert (image.unpack, image.placement, image.machines, image.keep_s) == (2 * 1024.0**2, Placement.SPREAD, 4, 3600)
    packed = ImageSpec.model_validate(LEAST | {"placement": "pack", "per_machine": 3}).image
    assert (packed.placement, packed.per_machine) == (Placement.PACK, 3)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"bandwidth": "50"}, "'50' is not a bandwidth; write a size per second, such as 50 MB/s"),
        ({"bandwidth": "50 MB/min"}, "is not a bandwidth"),
        ({"bandwidth": 50}, "is not a bandwidth"),
        ({"bandwidth": "1e999 GB/s"}, "is not a bandwidth"),
        ({"bandwidth": "0 MB/s"}, "greater than 0"),
        ({"layers": {}}, "at least 1"),
        ({"placement": "spread"}, "machines = none, must be given with placement: spread"),
        ({"placement": "pack"}, "per_machine = none, must be given with placement: pack"),
        ({"machines": 2}, "machines = 2, must be left out, or placement be spread"),
        ({"placement": "spread", "machines": 2, "per_machine": 2}, "per_machine = 2, must be left out, or placement"),
        ({"keep": "1h"}, "keep = 3600s, must be left out, or placement be spread or pack"),
    ],
)
def test_a_contradiction_is_an_error(more: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ImageSpec.model_validate(LEAST | more)
