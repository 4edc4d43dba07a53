"""Service times that a run in real time measured, beside those of the simulated application of the same file."""
