"""Scaling policies: `registry` has them by the names that scenario files use; each policy has a module.

Parts that several policies share, in the order in which a decision uses them: `metrics` (what is measured, how often,
with which delay, and forecasts), formulas and limits in modules beside the policies that use them, `bounds`. `port`
defines the interface of a policy.

Comments name the source of each constant; (read) means that the source was read, (memory) that it was not, and
`policies N` is a section of docs/facts/policies.md.
"""

PUBLIC_MODULES = (
    "aws.ecs_express",
    "aws.lambda_init",
    "aws.lambda_provisioned",
    "aws.step_scaling",
    "aws.tracking_parameters",
    "cloud_run",
    "fixed",
    "fly",
    "heroku",
    "kubernetes.container_apps",
    "kubernetes.container_apps_start",
    "kubernetes.container_probes",
    "kubernetes.hpa",
    "kubernetes.hpa_behaviour",
    "kubernetes.hpa_replicas",
    "kubernetes.knative",
    "kubernetes.knative_decider",
    "metrics.metric",
    "port",
    "registry",
    "requirements",
    "scale_per_request",
)
