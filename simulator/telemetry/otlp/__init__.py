"""Metrics and traces over OTLP/HTTP, in protobuf, to an OpenTelemetry collector or a compatible receiver.

The event loop only hands over plain values; separate threads encode and send. The data that waits for a slow or missing
collector is bounded; what exceeds the bound is dropped, counted and reported once. Needs the extra `otel`; this package
is imported only if an export is configured.
"""

PUBLIC_MODULES = (
    "exporter",
    "settings",
)
