"""Asynchronous operations on services: the engine, the workload port behind it, times, logs and events."""
