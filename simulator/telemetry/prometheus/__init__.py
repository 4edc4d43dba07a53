"""Figures for Prometheus: metric families, the `/metrics` endpoint, a run as an OpenMetrics file."""
