"""Comparisons: candidates on the same traffic with the same seeds, their figures, notes and tables."""
