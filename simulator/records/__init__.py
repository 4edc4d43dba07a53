"""Records of a run: facts, the journal, the request log and histograms. Reports are computed from them."""
