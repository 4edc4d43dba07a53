"""Common parts of `run`, `serve` and `up`: the front of a platform in real time, and the scaling of its services."""
