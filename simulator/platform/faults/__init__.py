"""Faults at the services of a platform, caused by a scenario's timeline or by the user of a running platform."""
