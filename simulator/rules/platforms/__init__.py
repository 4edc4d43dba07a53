"""Platforms: presets by name, with their price lists and bills."""

PUBLIC_MODULES = (
    "behaviour",
    "billing",
    "ground_truth",
    "preset",
    "presets",
    "size_changes.instance_hour",
    "size_changes.moved_size",
    "sizing.sizes",
)
