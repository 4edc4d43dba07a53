"""Commands of the laboratory: many runs and what they show together."""

PUBLIC_MODULES = ()
