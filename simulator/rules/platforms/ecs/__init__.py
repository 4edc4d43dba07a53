"""The platforms of Amazon ECS on Fargate: Express Mode, and a plain service."""

PUBLIC_MODULES = ("ecs_express",)
