"""The laboratory: comparisons, sweeps, the compiled backend, validation. Plays many runs and says what they show."""
