"""Amazon ECS Express Mode: tasks on Fargate behind an Application Load Balancer."""

from __future__ import annotations

from typing import Final

from simulator.rules.load_balancer.settings import ApplicationLoadBalancer
from simulator.rules.platforms.billing import LoadBalancer, Metering, PriceList
from simulator.rules.platforms.preset import UNLIMITED, PlatformPreset
from simulator.rules.platforms.sizing.sizes import CpuThrottling, Steps, exactly, pairs

# Linux/x86, by the second with a minimum of one minute (read in two articles that quote the page and agree). Load
# balancer, capacity units and addresses: facts, ECS Express 6.
# ASSUMPTION: the Application Load Balancer of Express Mode is used by this service only; up to 25 services may share
# one. It has an address in each of two zones, the minimum; one service was observed with three. Each request has its
# own connection (keep-alive clients need fewer) and 10 kB including its response: the balancer's metric ConsumedLCUs
# settles both. Every task has a public address, as in the default VPC. `--prices` changes each of these.
FARGATE: Final = PriceList(
    Metering.PROVISIONED,
    region="us-east-1",
    as_of="2026-04-01",
    source="aws.amazon.com/fargate/pricing as quoted by cloudburn.io/blog/aws-fargate-pricing and vantage.sh; "
    "aws.amazon.com/elasticloadbalancing/pricing, aws.amazon.com/vpc/pricing as quoted in facts, ECS Express 6",
    vcpu_hour=0.04048,
    gb_hour=0.004445,
    fixed_hour=0.0225,
    balancer=LoadBalancer(0.008, addresses=2, requests_per_connection=1.0, request_kb=10.0),
    address_hour=0.005,
    instance_addresses=1,
    step_s=1.0,
    least_s=60.0,
)

# CPU and memory of a Fargate task (facts, ECS Express 6).
FARGATE_SIZES: Final = pairs(
    {
        256: (exactly(512), exactly(1024), exactly(2048)),
        512: (Steps(1024, 4096, 1024),),
        1024: (Steps(2048, 8192, 1024),),
        2048: (Steps(4096, 16384, 1024),),
        4096: (Steps(8192, 30720, 1024),),
        8192: (Steps(16384, 61440, 4096),),
        16384: (Steps(32768, 122880, 8192),),
    },
    "docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services (facts, ECS Express 6)",
)

PRESET: Final = PlatformPreset(
    "ecs-express",
    "Amazon ECS Express Mode on Fargate: target tracking of CPU behind a load balancer without a limit",
    policy="ecs-express",
    # autoScalingMetric AVERAGE_CPU, autoScalingTargetValue 60, disableScaleIn false (facts, ECS Express 1.2 and 2). The
    # cooldowns are defaults of the policy.
    parameters={"metric": "cpu", "target": 0.6, "scale_in": True},
    prices=FARGATE,
    max_concurrency=UNLIMITED,
    min_size=1,  # minTaskCount and maxTaskCount, 1 and 20 (facts, ECS Express 1.2)
    max_size_default=20,
    stop_grace_s=30.0,  # stopTimeout of the task definition (facts, ECS Express 2)
    # Canary of 5 % for 3 min, all requests for 3 min, an alarm on more than 1 % of 4xx and 5xx in two of three minutes
    # (facts, ECS Express 4). The deregistration delay is that of the load balancer.
    deployment={
        "strategy": "canary",
        "canary_share": 0.05,
        "canary_bake": "3min",
        "bake": "3min",
        "rollback_alarm": {"share": 0.01, "points": 2, "periods": 3, "period": "1min"},
    },
    sizes=FARGATE_SIZES,
    throttling=CpuThrottling(),  # a CPU limit of the task's control group (ECS guide, task size; memory)
    # Health check and grace period: facts, ECS Express 2 and 8. Round robin without slow start, 60 s, 300 s: the
    # defaults of the load balancer and of a target group (facts, ECS Express 3).
    # ASSUMPTION: Express Mode keeps these defaults; its own deregistration delay and idle time-out are not published.
    # describe-target-group-attributes of a service settles it.
    load_balancer=ApplicationLoadBalancer(grace_period_s=300.0),
)
