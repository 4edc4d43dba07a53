"""Commands of the laboratory, which play many runs and evaluate them together."""
