"""Rules decide: facts and `now` in, a verdict with its reason out. No async, clock, chance or I/O here."""
