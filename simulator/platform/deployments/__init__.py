"""Deployments: App Runner's blue/green, and those of other platforms, with stages."""

PUBLIC_MODULES = (
    "blue_green",
    "staged",
)
