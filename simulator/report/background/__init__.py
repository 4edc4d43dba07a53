"""The report's part about background work."""
