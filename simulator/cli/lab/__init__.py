"""Commands of the laboratory: many runs and what they show together."""
