"""Sensitivity of a run: the assumptions of the code that a run depends on, and how its figures change with each."""
