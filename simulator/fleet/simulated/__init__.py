"""Simulated instances: an application as distributions, and the driver that runs it."""
