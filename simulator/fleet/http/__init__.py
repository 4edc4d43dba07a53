"""Requests to instances that listen on a port: over HTTP, with injected faults if a scenario has any."""
