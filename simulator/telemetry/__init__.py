"""Exporters of a platform's figures and logs to common monitoring systems: Prometheus, OpenTelemetry, CloudWatch.

They read records, do not affect requests, and send only to addresses in the settings.
"""

PUBLIC_MODULES = (
    "cloudwatch.cpu_readings",
    "cloudwatch.exporter",
    "cloudwatch.namespace",
    "cloudwatch.platform_view",
    "cloudwatch.settings",
    "exporters",
    "otlp.settings",
)
