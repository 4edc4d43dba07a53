"""The cost of a service in the report."""
