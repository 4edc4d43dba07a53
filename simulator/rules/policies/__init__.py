"""Scaling policies: `registry` has them by the names that scenario files use, one file a policy.

Parts that several policies share, in the order in which a decision passes them: `metrics` (what is measured, how often,
how late, and forecasts), formulas beside the policies that use them, limits, `bounds`. `port` is what a policy is.
"""

PUBLIC_MODULES = (
    "aws.step_scaling",
    "fixed",
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
