"""Deployments of other platforms than App Runner: their stages, and what makes them roll back."""

PUBLIC_MODULES = (
    "circuit_breaker",
    "rollback_alarm",
    "strategy",
)
