"""Instances as containers of a local engine: the engine's client, the driver, what containers are made of."""
