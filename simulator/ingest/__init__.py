"""Import: makes scenarios of recorded traffic in the formats of other programs and datasets, and of load scripts."""

PUBLIC_MODULES = (
    "arrivals.arrival_model",
    "arrivals.count_series",
    "blocks",
    "format",
    "formats.metrics.metric_series",
    "formats.table",
    "imported",
    "input_file",
    "load.locust.plan",
    "load.plan",
    "load.scripts",
    "scenario_text",
    "service.service_settings",
    "service.settings_files",
    "settings",
    "summary",
)
