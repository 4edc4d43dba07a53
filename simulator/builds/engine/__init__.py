"""Builds in containers of the engine."""
