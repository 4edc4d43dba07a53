"""A run of a scenario: its file, traffic, clients, timeline, checks, the runner, and the report on it."""
