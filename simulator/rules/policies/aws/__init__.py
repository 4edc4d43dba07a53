"""Policies of AWS: App Runner, ECS with Application Auto Scaling, Lambda."""

PUBLIC_MODULES = (
    "lambda_init",
    "step_scaling",
)
