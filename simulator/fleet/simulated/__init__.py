"""Simulated instances: an application given by distributions, and the driver that runs it."""
