"""Sweeps: a scenario over a grid of its settings, played in parallel, one table in the end."""
