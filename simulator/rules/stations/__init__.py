"""Stations: models of how the requests of a simulated instance share its CPU and its workers."""

PUBLIC_MODULES = (
    "cpu_quota",
    "cpu_use",
    "discipline",
)
