"""Platforms: each combines a policy, its limits, its overflow behaviour, the start of instances, and a price list.

A preset runs a service of a scenario as that platform would; the service's instances, traffic and application do not
change. Settings that a platform does not fix (such as MaxConcurrency on App Runner) keep the service's values.

The comment of each value names its source: facts if there are any, `ASSUMPTION:` otherwise. The policy determines when
a starting instance is ready (rules/policies/readiness.py); `probe_interval_s` is for instances in service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from simulator.model.text.problems import one_of
from simulator.rules.admission import Overflow
from simulator.rules.platforms import price_lists
from simulator.rules.platforms.billing import PriceList

# The largest MaxConcurrency that a scenario can have, for platforms without a limit per instance.
UNLIMITED: Final = 200


@dataclass(frozen=True, slots=True)
class PlatformPreset:
    """A platform. `policy` is the name of a policy, `parameters` has its keys as in a scenario file.

    `max_concurrency` and `max_size`: None keeps the service's value. `min_size`: the number of instances that the
    platform keeps by default. `start_up`: median and 95 % quantile, in seconds, of the time that the platform adds to
    the application's start in addition to the policy's lag; None adds nothing. `idle_after_s`: the time after its last
    request after which an instance is idle; None if the platform does not distinguish busy and idle instances.
    """

    name: str
    summary: str
    policy: str
    prices: PriceList
    parameters: Mapping[str, object] = field(default_factory=dict)
    max_concurrency: int | None = None
    max_size: int | None = None
    min_size: int = 0
    overflow: Overflow = field(default_factory=Overflow)
    balancing: str = "least-outstanding"
    start_up: tuple[float, float] | None = None
    idle_after_s: float | None = None
    probe_interval_s: float = 1.0


_PRESETS: Final = (
    PlatformPreset(
        "app-runner",
        "AWS App Runner: 429 on overflow, one instance provisioned",
        policy="app-runner",
        prices=price_lists.APP_RUNNER,
        min_size=1,
        idle_after_s=60.0,  # fleet/pool/settings.py has the reason
        probe_interval_s=5.0,  # App Runner's default (facts 9)
    ),
    PlatformPreset(
        "ecs-express",
        "Amazon ECS Express Mode on Fargate: target tracking of CPU behind a load balancer without a limit",
        policy="ecs-express",
        prices=price_lists.FARGATE,
        max_concurrency=UNLIMITED,
        min_size=1,
        # ASSUMPTION: a load balancer does not reject requests because of missing slots; connections wait inside the
        # task. 60 s is its idle timeout. Requests to a task without free workers settle it.
        overflow=Overflow(60.0, 10_000),
        probe_interval_s=5.0,
    ),
    PlatformPreset(
        "cloud-run",
        "Google Cloud Run: CPU and concurrency at 60 %, requests wait for an instance, billed while busy",
        policy="cloud-run",
        prices=price_lists.CLOUD_RUN,
        # policies P7: a pending request waits for max(3.5 x mean start, 10 s), then gets 429.
        overflow=Overflow(10.0, 10_000),
        idle_after_s=0.1,  # the step of its billing
    ),
    PlatformPreset(
        "lambda",
        "AWS Lambda: one request per environment, billed by the millisecond",
        policy="lambda",
        prices=price_lists.LAMBDA,
        max_concurrency=1,
        max_size=1000,  # policies P8: concurrency of an account
        # A request waits for its environment; initialisation may take 10 s (policies 3.5: 429 if the bucket is empty).
        overflow=Overflow(10.0, 1000),
        balancing="newest-first",  # policies: the published counts are reproduced only with it
        # Validation case 37: mean 250 ms, sd 274 ms at 1,536 MB; the log-normal distribution with these has this median
        # and p95.
        start_up=(0.168, 0.726),
        idle_after_s=0.001,  # the step of its billing
    ),
    PlatformPreset(
        "knative",
        "Knative on self-managed nodes: the KPA, requests wait in the activator, nodes are billed busy or not",
        policy="knative",
        prices=price_lists.NODES,
        # policies P2d: the activator buffers 10,000 requests per revision.
        # ASSUMPTION: for 60 s; a revision's timeout is 300 s by default, longer than App Runner's 120 s per request.
        overflow=Overflow(60.0, 10_000),
        balancing="round-robin",  # policies 3.1: above a limit of 3
    ),
    PlatformPreset(
        "container-apps",
        "Azure Container Apps: KEDA's HTTP rule, requests wait in its proxy, billed while a replica runs",
        policy="container-apps",
        prices=price_lists.CONTAINER_APPS,
        max_concurrency=UNLIMITED,
        # ASSUMPTION: its ingress queues a request while the first replica starts; its timeout is 240 s, 60 s suffice.
        overflow=Overflow(60.0, 10_000),
    ),
)

PLATFORMS: Final[Mapping[str, PlatformPreset]] = MappingProxyType({preset.name: preset for preset in _PRESETS})


def platform_named(name: str) -> PlatformPreset:
    """Return the preset of that name.

    Raises:
        ValueError: if the name is unknown.
    """
    if name not in PLATFORMS:
        msg = f"platform = {name!r}, must be {one_of(name, PLATFORMS)}"
        raise ValueError(msg)
    return PLATFORMS[name]
