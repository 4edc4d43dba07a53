"""Platforms: presets by name, with their price lists and bills."""

PUBLIC_MODULES = (
    "behaviour",
    "billing",
    "preset",
    "presets",
)
