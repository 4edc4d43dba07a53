"""What `run`, `serve` and `up` have in common: the front of a platform in real time, and how its services scale."""
