"""Platforms: presets by name, their price lists and bills."""

PUBLIC_MODULES = (
    "behaviour",
    "billing",
    "preset",
    "presets",
)
