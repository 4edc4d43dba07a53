"""Records of downstream resources: what the journal tells of them, and the statistics of a run."""
