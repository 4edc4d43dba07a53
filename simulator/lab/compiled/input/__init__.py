"""Input of the kernel from the named random streams of a run."""
