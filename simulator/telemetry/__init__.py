"""Exporters of a platform's figures and logs to common monitoring tools: Prometheus, OpenTelemetry, CloudWatch.

They read records and never touch a request. They send only to addresses in the settings.
"""

PUBLIC_MODULES = (
    "cloudwatch.exporter",
    "cloudwatch.platform_view",
    "cloudwatch.settings",
    "exporters",
    "otlp.settings",
)
