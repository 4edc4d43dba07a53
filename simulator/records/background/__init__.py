"""Records of background work: the statistics of a run, computed from the events of the journal."""
