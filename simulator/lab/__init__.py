"""The laboratory: comparisons, sweeps, the compiled backend, validation. It plays many runs and evaluates them."""
