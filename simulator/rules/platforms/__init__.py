"""Platforms: presets by name, their price lists and bills."""
