"""The assumptions of the platform's code that `--assumptions` does not move, each with the reason.

Those with `matters` may change the figures of some scenarios: a run that depends on them lists them beside its table.
"""

from __future__ import annotations

from typing import Final

from simulator.lab.assumptions.assumption import Place, UnmovedAssumption
from simulator.lab.assumptions.conditions import (
    any_service,
    behind_load_balancer,
    deploys,
    distinguishes_idle,
    has_background_work,
    has_backlog,
    has_downstream,
    has_image,
    has_lifetimes,
    has_slow_start,
    has_web_acl,
    instances_crash,
    loses_zones,
    with_policy,
)

_REAL_TIME: Final = "takes effect in real time only"
_API: Final = "concerns answers of the API and stacks, not requests of a run"
_REJECTION: Final = "concerns the status or text of a response, which is rejected or failed with any of them"
_COMPARISON: Final = "a price of another platform: it is used in comparisons, while a run is billed by App Runner's"
_SIZE: Final = "sizes and CPU quotas of a platform: used in comparisons, while a run has the scenario's own"
_ALARM: Final = "decides whether a deployment with errors is rolled back: set `deployment.rollback_alarm`"
_CHOICE: Final = "a choice of the user of that platform: a scenario file makes it"
_WEB_ACL: Final = "a detail of how a web ACL evaluates its rules; no setting"

UNMOVED: Final[tuple[UnmovedAssumption, ...]] = (
    UnmovedAssumption(Place("fleet/credentials/role_credentials.py", "App Runner's own mechanism"), _REAL_TIME),
    UnmovedAssumption(Place("fleet/docker/backend.py", "the engine's proxy closes"), _REAL_TIME),
    UnmovedAssumption(
        Place("fleet/instance.py", "which instance App Runner removes"),
        "instances of a virtual run are alike, so it does not matter which one is removed",
    ),
    UnmovedAssumption(Place("fleet/network/egress_rules.py", "App Runner spreads instances"), _REAL_TIME),
    UnmovedAssumption(
        Place("fleet/replicas/lifetimes.py", "App Runner publishes no lifetime"),
        "without `instance_lifetime` instances are never replaced; no public figure bounds a lifetime",
    ),
    UnmovedAssumption(
        Place("fleet/replicas/lifetimes.py", "the share is uniformly"),
        "the ages of the first instances are a choice of the run: other seeds vary them",
        has_lifetimes,
    ),
    UnmovedAssumption(
        Place("fleet/replicas/zones.py", "App Runner rebalances"),
        "whether instances move to a zone that is available again is a setting of the scenario: `zones.rebalance`",
        loses_zones,
    ),
    UnmovedAssumption(
        Place("fleet/pool/settings.py", "App Runner is bounded by"), "the quota belongs to the account: set `capacity`"
    ),
    UnmovedAssumption(Place("fleet/pool/unavailable_upstream.py", "one blog says 503"), _REJECTION),
    UnmovedAssumption(Place("fleet/process/confinement/storage.py", "what happens to an instance"), _REAL_TIME),
    UnmovedAssumption(
        Place("model/instance.py", "how much CPU an idle"),
        "the CPU of idle instances, on which background work proceeds, is no setting of a service",
        has_background_work,
    ),
    UnmovedAssumption(Place("fleet/process/settings.py", "App Runner documents no limit"), _REAL_TIME),
    UnmovedAssumption(Place("fleet/registries/access.py", "the session name"), _REAL_TIME),
    UnmovedAssumption(Place("fleet/registries/registry_tags.py", "App Runner gets EventBridge's"), _REAL_TIME),
    UnmovedAssumption(
        Place("fleet/replicas/health_watch.py", "ECS acts on an unhealthy"),
        "the time until ECS replaces an unhealthy task is no setting",
        behind_load_balancer,
    ),
    UnmovedAssumption(
        Place("fleet/simulated/connection_pool.py", "this order differs"),
        "the order in which an application's library takes connections is no setting",
        has_downstream,
    ),
    UnmovedAssumption(
        Place("fleet/simulated/connection_pool.py", "the call gets the error at once"),
        "the behaviour of an application's library is no setting",
        has_downstream,
    ),
    UnmovedAssumption(
        Place("fleet/simulated/connection_pool.py", "a pool notices at once"),
        "the behaviour of an application's library is no setting",
        has_downstream,
    ),
    UnmovedAssumption(
        Place("fleet/simulated/downstream_driver.py", "an application answers 500"),
        "another status of 5xx counts as failed too; a 200 from a cache is no setting",
        has_downstream,
    ),
    UnmovedAssumption(
        Place("fleet/simulated/application.py", "at once, as uvicorn"),
        "how an application answers requests beyond its `backlog` is no setting",
        has_backlog,
    ),
    UnmovedAssumption(
        Place("fleet/simulated/image_pulls.py", "an instance exists and is billed"),
        "when the bill of an instance with an image begins is no setting",
        has_image,
    ),
    UnmovedAssumption(Place("model/rejection.py", "same status as an overflow"), _REJECTION),
    UnmovedAssumption(Place("model/rejection.py", "the body, which AWS"), _REJECTION),
    UnmovedAssumption(Place("model/rejection.py", "Envoy's convention"), _REJECTION),
    UnmovedAssumption(Place("model/rejection.py", "503 for a paused service"), _REJECTION),
    UnmovedAssumption(Place("model/resources/domain_state.py", "the other names end in create_failed"), _API),
    UnmovedAssumption(Place("model/resources/domain_state.py", "the other three, which ACM"), _API),
    UnmovedAssumption(Place("model/resources/domain_state.py", "a wrong value counts"), _API),
    UnmovedAssumption(Place("model/resources/quotas.py", "AWS's usual limit"), _API),
    UnmovedAssumption(Place("model/resources/service_configuration.py", "the command is split"), _REAL_TIME),
    UnmovedAssumption(Place("model/resources/service_state.py", "a CREATE_FAILED service"), _API),
    UnmovedAssumption(Place("model/resources/service_state.py", "UpdateService is rejected"), _API),
    UnmovedAssumption(Place("platform/branch_trees.py", "App Runner gets the provider's"), _REAL_TIME),
    UnmovedAssumption(Place("platform/collector.py", "App Runner itself sets no"), _REAL_TIME),
    UnmovedAssumption(
        Place("platform/deployments/blue_green.py", "on App Runner more than a minute"),
        "how long a new version must stay healthy is no setting",
        deploys,
    ),
    UnmovedAssumption(
        Place("platform/deployments/blue_green.py", '"the provisioned count'),
        "the number of instances of a new version is no setting",
        deploys,
    ),
    UnmovedAssumption(Place("platform/registry_images.py", "a role that may be assumed"), _API),
    UnmovedAssumption(Place("platform/stored_copies/stored_copies.py", "App Runner's behaviour and texts"), _API),
    UnmovedAssumption(Place("rules/cloudformation/functions.py", "each Region has three"), _API),
    UnmovedAssumption(
        Place("rules/deployments/rollback_alarm.py", "of the new revision, whose target"), _ALARM, deploys
    ),
    UnmovedAssumption(Place("rules/deployments/rollback_alarm.py", "none, since three minutes"), _ALARM, deploys),
    UnmovedAssumption(
        Place("rules/deployments/rollback_alarm.py", "a period without requests does"),
        "with at least one request in each minute of a bake it does not matter",
        deploys,
    ),
    UnmovedAssumption(Place("rules/cloudformation/property_values.py", "a single string is accepted"), _API),
    UnmovedAssumption(Place("rules/cloudformation/template_text.py", "AWS's limit is not published"), _API),
    UnmovedAssumption(
        Place("rules/health.py", "App Runner's delay between"),
        "the delay before an instance that crashes repeatedly is replaced is no setting",
        instances_crash,
    ),
    UnmovedAssumption(
        Place("rules/health.py", "which crashes App Runner counts"),
        "which crashes count as failed starts is no setting",
        instances_crash,
    ),
    UnmovedAssumption(Place("rules/iam/identity.py", "the access key's id"), _API),
    UnmovedAssumption(Place("rules/iam/policy.py", "if a key has several values"), _API),
    UnmovedAssumption(Place("rules/iam/policy_size.py", "each identity policy"), _API),
    UnmovedAssumption(Place("rules/load_balancer/answers.py", "the bodies"), _REJECTION),
    UnmovedAssumption(
        Place("rules/load_balancer/settings.py", "the checks of a new target"),
        "the moment of a target's first health check is no setting; `interval` of `load_balancer` bounds it",
        behind_load_balancer,
    ),
    UnmovedAssumption(
        Place("rules/load_balancer/target_group.py", "if only ramping targets"),
        "the end of slow start without a full target is no setting",
        has_slow_start,
    ),
    UnmovedAssumption(
        Place("rules/meter.py", "during a deployment a policy"),
        "what a policy measures during a deployment is no setting",
        deploys,
    ),
    UnmovedAssumption(Place("rules/network/egress_plan.py", "names resolve outside"), _REAL_TIME),
    UnmovedAssumption(Place("rules/network/security_groups.py", "a range that covers only"), _REAL_TIME),
    UnmovedAssumption(Place("rules/platforms/billing.py", "idle time at its lower rate"), _COMPARISON),
    UnmovedAssumption(Place("rules/platforms/billing.py", "the instances can use all"), _COMPARISON),
    UnmovedAssumption(Place("rules/platforms/app_runner.py", "App Runner, which runs"), _SIZE),
    UnmovedAssumption(Place("rules/platforms/cloud_run.py", "128 MiB is offered"), _SIZE),
    UnmovedAssumption(Place("rules/platforms/cloud_run.py", "the default period"), _SIZE),
    UnmovedAssumption(Place("rules/platforms/container_apps.py", "the fee per request"), _COMPARISON),
    UnmovedAssumption(Place("rules/platforms/container_apps.py", "a replica sees the four"), _SIZE),
    UnmovedAssumption(
        Place("rules/policies/cloud_run.py", "the published figures are a range"),
        "the shape between published ends with the published mean is no setting",
        any_service(lambda service: getattr(service.policy, "language", None) is not None),
    ),
    UnmovedAssumption(Place("rules/platforms/lambda_managed.py", "c7g.large, 2 vCPU"), _COMPARISON),
    UnmovedAssumption(
        Place("rules/platforms/lambda_managed.py", "64 for an environment"),
        "used in comparisons only; a run has the MaxConcurrency of its scenario",
    ),
    UnmovedAssumption(
        Place("rules/platforms/lambda_.py", "the application's language"),
        "used in comparisons only; a run names the runtime of its function",
    ),
    UnmovedAssumption(Place("rules/platforms/ecs/ecs_express.py", "the Application Load Balancer"), _COMPARISON),
    UnmovedAssumption(Place("rules/platforms/fly.py", "a machine has used up"), _SIZE),
    UnmovedAssumption(Place("rules/platforms/fly.py", "a root file system"), _COMPARISON),
    UnmovedAssumption(Place("rules/platforms/heroku.py", "the processors are those"), _SIZE),
    UnmovedAssumption(
        Place("rules/platforms/heroku.py", "four routers serve"),
        "a limit of another platform: it is used in comparisons, while a run has the scenario's MaxConcurrency",
    ),
    UnmovedAssumption(Place("rules/platforms/lambda_.py", "its period is 20 ms"), _SIZE),
    UnmovedAssumption(
        Place("rules/platforms/ecs/ecs_express.py", "Express Mode keeps these"),
        "settings of the load balancer: set `load_balancer`",
        behind_load_balancer,
    ),
    UnmovedAssumption(Place("rules/platforms/ecs/ecs_fargate.py", "CPU, at the target"), _CHOICE),
    UnmovedAssumption(Place("rules/platforms/ecs/ecs_fargate.py", "one task"), _CHOICE),
    UnmovedAssumption(
        Place("rules/platforms/preset.py", "` otherwise"),
        "explains the mark in the presets, whose values have entries of their own",
    ),
    UnmovedAssumption(Place("rules/platforms/sizing/sizes.py", "an instance with less"), _SIZE),
    UnmovedAssumption(
        Place("rules/policies/aws/aws_predictive.py", "the forecast is the mean"),
        "the method of the forecast is no setting",
        any_service(with_policy("aws-predictive")),
    ),
    UnmovedAssumption(
        Place("rules/policies/heroku.py", "rates within 10 %"),
        "the width of a class of rates is no setting",
        any_service(with_policy("heroku")),
    ),
    UnmovedAssumption(
        Place("rules/policies/heroku.py", "the estimation method"),
        "the estimate of Heroku's p95 is no setting",
        any_service(with_policy("heroku")),
    ),
    UnmovedAssumption(
        Place("rules/pricing.py", "an activation within the minute"),
        "whether billed minutes of one instance overlap is no setting",
        any_service(distinguishes_idle),
    ),
    UnmovedAssumption(
        Place("rules/pricing.py", "the minimum applies to vCPU"),
        "it moves USD between the lines of the bill; the sum is the same",
    ),
    UnmovedAssumption(
        Place("rules/waf/action_documents.py", "a custom response"),
        "concerns texts of a web ACL, and not what it blocks",
    ),
    UnmovedAssumption(
        Place("rules/waf/log_document.py", "`httpSourceId`"), "concerns texts of a web ACL, and not what it blocks"
    ),
    UnmovedAssumption(
        Place("rules/waf/log_document.py", "requests that no rule ended"),
        "concerns texts of a web ACL, and not what it blocks",
    ),
    UnmovedAssumption(Place("rules/waf/components.py", "the header or cookie"), _WEB_ACL, has_web_acl),
    UnmovedAssumption(Place("rules/waf/patterns.py", "lookaround"), _WEB_ACL, has_web_acl),
    UnmovedAssumption(Place("rules/waf/rate_limits.py", "checks are at multiples"), _WEB_ACL, has_web_acl),
    UnmovedAssumption(Place("rules/waf/rate_limits.py", "if there are more"), _WEB_ACL, has_web_acl),
    UnmovedAssumption(Place("rules/waf/statements.py", "a rule that depends"), _WEB_ACL, has_web_acl),
    UnmovedAssumption(Place("rules/waf/web_acl.py", "they are, as requests"), _WEB_ACL, has_web_acl),
)
