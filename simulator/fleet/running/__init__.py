"""Servers that run already on this machine, as instances."""
