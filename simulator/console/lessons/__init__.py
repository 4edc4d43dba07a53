"""Lessons on a terminal, and as pages."""
