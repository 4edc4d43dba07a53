"""Exports: the load of a scenario as a script of another tool."""
