"""Records of downstream resources: the statistics of a run, computed from the events of the journal."""
