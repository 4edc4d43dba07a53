"""Commands that play or describe scenarios."""
