"""Instances and the code that manages them: the driver port, drivers, the pool, the prober.

This package knows nothing of the sockets in front of the service.
"""
