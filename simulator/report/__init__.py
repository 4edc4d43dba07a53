"""The report of a run: from records to a documented schema, checks and their verdicts."""
