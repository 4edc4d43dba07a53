"""Builds in containers of a container engine."""
