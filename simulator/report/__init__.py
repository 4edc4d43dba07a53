"""The report of a run: from records to a documented schema, checks and their verdicts."""

PUBLIC_MODULES = (
    "assumptions",
    "background.part",
    "check_scopes",
    "checks",
    "decisions",
    "downstream",
    "image_pulls",
    "report",
    "requests",
    "scaling_history",
    "schema",
    "serialization",
    "service_times.notes",
    "service_times.part",
    "services",
    "web_acls",
)
