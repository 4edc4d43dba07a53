"""A run of a scenario: its file, its traffic, clients, timeline, checks, the runner and what is reported of it."""
