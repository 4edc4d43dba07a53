"""The command that plays lessons, on a terminal or in a browser."""
