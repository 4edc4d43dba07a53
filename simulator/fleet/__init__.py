"""Instances and what keeps them: the driver port, drivers, the pool, the prober. Knows nothing of sockets in front."""
