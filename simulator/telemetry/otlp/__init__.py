"""Metrics and traces over OTLP/HTTP, in protobuf, to a collector of OpenTelemetry or whoever speaks it.

The loop hands over plain values and is done with them; threads of ours encode and send. What waits for a collector that
is slow or gone is bounded, and what finds no room is dropped, counted and told once. Needs the extra `otel`; nothing
here is imported unless somebody exports.
"""
