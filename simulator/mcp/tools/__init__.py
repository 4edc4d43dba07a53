"""The tools: for each its arguments, its result, and the function that plays it."""
