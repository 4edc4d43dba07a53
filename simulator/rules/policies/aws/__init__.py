"""Policies of AWS: App Runner, ECS with Application Auto Scaling, Lambda."""

PUBLIC_MODULES = ("step_scaling",)
