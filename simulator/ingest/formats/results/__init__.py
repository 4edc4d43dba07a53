"""Results of load-testing tools."""
