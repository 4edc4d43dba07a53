"""Fits a simulated application to observations of a service under stepped load."""

PUBLIC_MODULES = ("calibrate", "laws", "unloaded.measured_times")
