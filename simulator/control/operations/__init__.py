"""Asynchronous operations on services: the engine, the port of the workload that runs them, times, logs and events."""
