"""Instances as local processes: the driver, their limits, environment and ports."""

PUBLIC_MODULES = (
    "backend",
    "confinement.cgroup",
    "confinement.group_search",
    "confinement.isolation",
    "confinement.line_splitter",
    "confinement.orphans",
    "confinement.storage",
    "confinement.sweep",
    "confinement.watch",
    "confinement.watchdog",
    "driver",
    "environment",
    "kernel_listeners",
    "limits",
    "settings",
    "throttling",
)
