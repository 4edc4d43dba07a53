"""The report's part about measured and modelled service times, and its notes."""
