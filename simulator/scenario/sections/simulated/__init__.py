"""Sections under `application.simulated`."""
