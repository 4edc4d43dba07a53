"""AWS Lambda by a function URL: one request per environment, billed by the millisecond. The URL itself is free."""

from __future__ import annotations

from typing import Final

from simulator.rules.admission import Overflow
from simulator.rules.platforms.billing import FreeTier, Metering, PriceList
from simulator.rules.platforms.preset import PlatformPreset
from simulator.rules.platforms.sizing.sizes import CpuOfMemory, CpuThrottling, SizeOffer, Steps

_HOUR_S: Final = 3600

# 0.0000166667 USD per GB-second, to the millisecond, initialisation included; the vCPU comes with the memory (read).
# The free tier: github.com/api-evangelist/aws-lambda, plans/aws-lambda-plans-pricing.yml, which quotes the page.
PRICES: Final = PriceList(
    Metering.BUSY,
    region="us-east-1",
    as_of="2026-09-20",
    source="aws.amazon.com/lambda/pricing, docs.aws.amazon.com/whitepapers/latest/how-aws-pricing-works/lambda.html",
    gb_hour=0.0000166667 * _HOUR_S,
    million_requests=0.20,
    step_s=0.001,
    free=FreeTier(gb_s=400_000, requests=1e6),
)

PRESET: Final = PlatformPreset(
    "lambda",
    "AWS Lambda by a function URL: one request per environment, billed by the millisecond",
    policy="lambda",
    # ASSUMPTION: the application's language is Node.js and its package a container image, as for App Runner; a scenario
    # does not say it. `policy: {name: lambda, runtime: ..., package: ...}` in the scenario settles it.
    parameters={"runtime": "nodejs22.x", "package": "image"},
    prices=PRICES,
    max_concurrency=1,
    max_size=1000,  # policies P8: concurrency of an account
    # A request waits for its environment; initialisation may take 10 s (policies 3.5: 429 if the bucket is empty).
    overflow=Overflow(10.0, 1000),
    balancing="newest-first",  # policies: the published counts are reproduced only with it
    idle_after_s=0.001,  # the billing step of the platform
    # Memory in steps of 1 MB; 1,769 MB have the power of one vCPU (docs.aws.amazon.com/lambda/latest/dg/
    # configuration-memory; read).
    sizes=SizeOffer(
        (CpuOfMemory(Steps(128, 10_240), mb_per_vcpu=1769),),
        "docs.aws.amazon.com/lambda/latest/dg/configuration-memory",
    ),
    # ASSUMPTION: its period is 20 ms (memory of arXiv 2506.01283, which inferred the scheduling of several platforms);
    # the gaps in a loop that reads the clock at 128 MB settle it. An environment sees two processors below 3,008 MB
    # (cloudfuse.io/blog/processing-hardware-on-aws-lambda; read), which does not matter for one request at a time.
    throttling=CpuThrottling(period_s=0.02),
)
