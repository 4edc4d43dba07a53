"""The composition root: a platform with its drivers, front, exporters and control plane, for `serve` and for runs.

Everything above it says what it wants as plain values; everything below it cannot tell which world it is in.
"""

PUBLIC_MODULES = (
    "cloudwatch_feed",
    "composition",
    "control_plane",
    "serving",
)
