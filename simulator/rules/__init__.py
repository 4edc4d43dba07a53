"""Decision rules: from observations and `now` to a decision with its reason. No async, clock, random numbers or I/O."""
