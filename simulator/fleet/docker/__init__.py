"""Instances as containers of a local engine: a client of the engine, the driver, and configuration of containers."""
