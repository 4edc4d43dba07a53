"""Runs of scenarios: the runner and its context, the timeline, and the records of a run."""

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
