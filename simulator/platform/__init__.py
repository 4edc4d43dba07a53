"""A running service: its revisions, deployments (blue/green), and the workload behind the API's operations.

Knows both worlds only by what it is given: `front` is the live listener, `drivers` names the drivers.
"""

PUBLIC_MODULES = (
    "applications",
    "authority",
    "branch_trees",
    "deployment",
    "drivers",
    "front",
    "live_settings",
    "platform",
    "revision",
    "service_workload",
    "source_service",
)
