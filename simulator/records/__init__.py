"""What happened, written down once: facts, the journal, the request log, histograms. Reports are readers of it."""
