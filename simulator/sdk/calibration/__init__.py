"""Models of a service in Python: `observe`, `predict` and `verify`, as the verbs of the command line."""
