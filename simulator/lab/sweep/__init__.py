"""Sweeps: a scenario over a grid of its settings, played in parallel, with one table as the result."""
