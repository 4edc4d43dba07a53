"""The Application Load Balancer of AWS in front of a service: routing, health of targets, its own answers."""

PUBLIC_MODULES = (
    "answers",
    "settings",
    "target_group",
    "target_health",
)
