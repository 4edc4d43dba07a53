"""Platforms: presets by name, with their price lists and bills."""

PUBLIC_MODULES = (
    "behaviour",
    "billing",
    "ground_truth",
    "preset",
    "presets",
    "sizing.instance_hour",
    "sizing.moved_size",
    "sizing.sizes",
)
