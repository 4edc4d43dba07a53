"""Policies of AWS: App Runner, ECS with Application Auto Scaling, Lambda."""

PUBLIC_MODULES = (
    "ecs_express",
    "lambda_init",
    "lambda_provisioned",
    "step_scaling",
    "tracking_parameters",
)
