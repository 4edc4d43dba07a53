"""Finds the setting of a service that holds an SLO at the lowest cost, and says how sure that is."""

PUBLIC_MODULES = ("current_check", "current_setting", "days", "page", "plan", "result", "slo", "tables", "tune")
