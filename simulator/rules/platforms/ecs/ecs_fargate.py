"""An Amazon ECS service on Fargate behind an Application Load Balancer of its own, as a user configures it."""

from __future__ import annotations

from typing import Final

from simulator.rules.load_balancer.settings import ApplicationLoadBalancer
from simulator.rules.platforms.ecs.ecs_express import FARGATE, FARGATE_SIZES
from simulator.rules.platforms.preset import UNLIMITED, PlatformPreset
from simulator.rules.platforms.sizing.sizes import CpuThrottling

# The resources are those of Express Mode (facts, ECS Express 10), so the price list is the same one.
PRESET: Final = PlatformPreset(
    "ecs-fargate",
    "Amazon ECS on Fargate: target tracking of CPU behind an Application Load Balancer of its own",
    # facts, ECS Express 5: the metric is the user's choice, average CPU or memory, or requests per target.
    # ASSUMPTION: CPU, at the target of the policy; `--policy` and a scenario file set others.
    policy="target-tracking",
    prices=FARGATE,
    sizes=FARGATE_SIZES,
    throttling=CpuThrottling(),  # as Express Mode: the same tasks
    max_concurrency=UNLIMITED,
    # ASSUMPTION: one task, as Express Mode has; the user chooses the number. Two are usual, one in each zone.
    min_size=1,
    # The defaults of a target group, and no grace period: ECS API, CreateService, healthCheckGracePeriodSeconds (read).
    load_balancer=ApplicationLoadBalancer(),
)
