"""Instances as local processes: the driver, limits in force, environment, ports."""
