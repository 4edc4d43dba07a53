"""The laboratory: comparisons, sweeps, the compiled gear, validation. Plays many runs and says what they show."""
