"""Finds the setting of a service that holds an SLO at the lowest cost, and says how sure that is."""

PUBLIC_MODULES = ("days", "plan", "result", "slo", "tables", "tune")
