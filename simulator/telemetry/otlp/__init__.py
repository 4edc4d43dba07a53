"""Metrics and traces over OTLP/HTTP, in protobuf, to an OpenTelemetry collector or a compatible receiver.

The event loop only passes plain values on; separate threads encode and send them. The amount of data that waits for a
slow or missing collector is bounded; further data is dropped, counted and reported once. Needs the extra `otel`; this
package is imported only if an export is configured.
"""

PUBLIC_MODULES = (
    "exporter",
    "settings",
)
