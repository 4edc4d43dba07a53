"""Faults at the services of a platform, by a scenario's timeline or by the user of a platform that runs."""
