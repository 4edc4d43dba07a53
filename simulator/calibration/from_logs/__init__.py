"""Calibrates from an access log alone: service times by route, and how they depend on the requests in progress."""
