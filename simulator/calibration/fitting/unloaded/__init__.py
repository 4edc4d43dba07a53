"""What requests that were sent one at a time say about the laws of each route."""

PUBLIC_MODULES = ("block", "columns", "laws", "measured_times", "samples")
