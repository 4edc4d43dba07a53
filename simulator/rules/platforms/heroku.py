"""Heroku: web dynos behind a router that chooses one at random, priced by the type of dyno."""

from __future__ import annotations

from typing import Final

from simulator.rules.admission import Overflow
from simulator.rules.platforms.billing import Metering, PriceList
from simulator.rules.platforms.preset import UNLIMITED, PlatformPreset
from simulator.rules.platforms.sizing.sizes import SizeOffer, SizeRange, exactly
from simulator.rules.pricing import HOURS_PER_MONTH

# USD per month, the memory in MB, and the processors of each type of dyno that autoscaling accepts in the Common
# Runtime: Performance dynos, which are dedicated (devcenter.heroku.com/articles/autoscaling; read). Prices:
# heroku.com/pricing of 17 July 2026, in a copy. Memory: the table in Heroku's CLI.
# ASSUMPTION: the processors are those that MuleSoft's documentation of Flex Gateway recommends as concurrency for each
# type (2, 4 and 8, and 16); `nproc` in a dyno settles it.
_TYPES: Final = {
    "Performance-M": (250, 2_560, 2),
    "Performance-L-RAM": (500, 30_720, 4),
    "Performance-L": (500, 14_336, 8),
    "Performance-XL": (750, 63_488, 8),
    "Performance-2XL": (1_500, 129_024, 16),
}

SIZES: Final = SizeOffer(
    tuple(
        SizeRange(exactly(1024 * vcpus), exactly(memory_mb), name, usd_hour=usd / HOURS_PER_MONTH)
        for name, (usd, memory_mb, vcpus) in _TYPES.items()
    ),
    "devcenter.heroku.com/articles/dyno-types, heroku.com/pricing",
)

# Prorated to the second (devcenter.heroku.com/articles/usage-and-billing; read).
PRICES: Final = PriceList(
    Metering.SIZES,
    region="Common Runtime, US",
    as_of="2026-07-17",
    source="heroku.com/pricing",
    sizes=SIZES,
)

PRESET: Final = PlatformPreset(
    "heroku",
    "Heroku: one Performance dyno at a time towards a desired p95, a router that chooses dynos at random",
    policy="heroku",
    prices=PRICES,
    # The router has no limit for requests of an application, except 50 per dyno and router
    # (devcenter.heroku.com/articles/http-routing; read): one more is answered with 503 (H11) at once.
    # ASSUMPTION: four routers serve an application, so 200 per dyno; the count of H11 in a burst settles it.
    max_concurrency=UNLIMITED,
    min_size=1,  # "the minimum dyno limit can't be less than 1" (devcenter.heroku.com/articles/autoscaling; read)
    overflow=Overflow(),
    balancing="random",  # "a random selection algorithm" (devcenter.heroku.com/articles/http-routing; read)
    sizes=SIZES,
    # H12: no byte of the response within 30 s is a 503 (devcenter.heroku.com/articles/request-timeout; read). The dyno
    # goes on working on the request. The limit of 55 s between later bytes (H15, H28) is not modelled.
    request_timeout_s=30.0,
    drain_timeout_s=30.0,  # SIGTERM, and SIGKILL 30 s later (dyno shutdown behaviour; memory)
)
