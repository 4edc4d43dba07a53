"""The observation of a service: what was measured of it under load, as a value and as a file."""
