"""Models of a service in Python: `observe`, `calibrate`, `predict` and `verify`, as the verbs of the command line."""
