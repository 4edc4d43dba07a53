"""Import: reads the traffic that others recorded, in the formats of public datasets and of web servers."""

PUBLIC_MODULES = (
    "format",
    "formats.table",
    "imported",
    "load.plan",
    "load.scripts",
    "scenario_text",
    "settings",
    "summary",
)
