"""Metrics: requests per period, as of CloudWatch."""
