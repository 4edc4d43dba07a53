"""Requests that are sent one at a time, so that each shows the work of its route alone."""
