"""Commands that play a scenario or say something about one."""

PUBLIC_MODULES = (
    "broken_run",
    "run_builds",
    "scenario_file",
)
