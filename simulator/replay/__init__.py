"""A run of a scenario: its file, traffic, clients, timeline, checks, the runner, and the report on it."""

PUBLIC_MODULES = (
    "applications",
    "control",
    "progress",
    "run_context",
    "run_recorder",
    "runner",
    "service_plans",
    "source_builds",
)
