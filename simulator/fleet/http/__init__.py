"""Requests to instances that listen on a port: over HTTP, with faults injected where a scenario wants them."""
