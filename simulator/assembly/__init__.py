"""The composition root: a platform with drivers, load balancer, exporters and control plane.

The packages above describe what they need as plain values. The packages below do not depend on which clock and which
driver is used.
"""

PUBLIC_MODULES = (
    "cloudwatch_feed",
    "composition",
    "control_plane",
    "serving",
)
